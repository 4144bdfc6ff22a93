//! Configs, secrets and certificates.

use super::values::{ConfigRef, File, Host, ObjectName, Scalar, SecretRef, Text};
use crate::node;

node! {
    /// A file for containers, kept by the swarm under a name made from its content: changing the
    /// content makes a new object and moves exactly the services that mount it.
    Config "config" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// A file of the project that holds the content.
        file: value(File) "file" effect Replace;
        /// The content itself.
        text: value(Text) "text" effect Replace;
        /// A template of the project, filled with the graph's values.
        template: value(File) "template" effect Replace;
        /// Labels on the config object.
        label: map(Scalar) "label" effect NoRestart;
        /// It exists already; Skep never touches it.
        external: flag(bool) "external";
        /// Its name in the swarm, instead of the derived one.
        physical: value(ObjectName) "name" effect Replace;
    }

    /// A secret. Its value is read when a plan is applied and is in no plan, label or log.
    Secret "secret" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// Where the value comes from.
        from: node(SecretFrom) "from";
        /// A version said by hand: the name in the swarm then follows it and not the value.
        version: value(Scalar) "version" effect Replace;
        /// Labels on the secret object.
        label: map(Scalar) "label" effect NoRestart;
        /// It exists already; Skep never reads nor touches it.
        external: flag(bool) "external";
        /// Its name in the swarm, instead of the derived one.
        physical: value(ObjectName) "name" effect Replace;
        /// How old a value may become before a lint asks for a new one.
        rotate: node(Rotate) "rotate";
    }

    /// The source of a secret's value: exactly one of the three.
    SecretFrom "from" {
        /// An environment variable of the process that applies.
        env: value(Scalar) "env";
        /// A file, relative to the project, read when a plan is applied.
        file: value(File) "file";
        /// A program and its arguments; what it prints is the value. No shell.
        command: list(Scalar) "command";
    }

    /// How often a secret should change.
    Rotate "rotate" {
        /// The age at which a new value is due.
        every: need(crate::units::Duration) "every";
    }

    /// A certificate and its key, for routes.
    Certificate "certificate" {
        /// The name within the project.
        name: arg(super::Name) "NAME";
        /// Secrets that hold the certificate chain and the key, in PEM.
        secret: node(CertificateSecret) "secret";
        /// Files that hold them; both become secrets.
        file: node(CertificateFile) "file";
        /// The hosts it is valid for; a route under another host is then an error.
        hosts: set(Host) "hosts";
    }

    /// A certificate in two secrets.
    CertificateSecret "secret" {
        /// The chain.
        cert: need(SecretRef) "cert";
        /// The private key.
        key: need(SecretRef) "key";
    }

    /// A certificate in two files.
    CertificateFile "file" {
        /// The chain.
        cert: need(File) "cert";
        /// The private key.
        key: need(File) "key";
    }

    /// A config as a file in a container.
    ConfigUse "config" {
        /// Which config.
        name: arg(ConfigRef) "NAME" effect RollingRestart;
        /// Where it appears.
        target: value(super::Path) "target" default "/NAME" effect RollingRestart;
        /// The file's owner.
        uid: value(u32) "uid" default "0" effect RollingRestart;
        /// The file's group.
        gid: value(u32) "gid" default "0" effect RollingRestart;
        /// The file's permissions.
        mode: value(crate::units::FileMode) "mode" default "0o444" effect RollingRestart;
    }

    /// A secret as a file in a container.
    SecretUse "secret" {
        /// Which secret.
        name: arg(SecretRef) "NAME" effect RollingRestart;
        /// Where it appears.
        target: value(super::Path) "target" default "/run/secrets/NAME" effect RollingRestart;
        /// The file's owner.
        uid: value(u32) "uid" default "0" effect RollingRestart;
        /// The file's group.
        gid: value(u32) "gid" default "0" effect RollingRestart;
        /// The file's permissions.
        mode: value(crate::units::FileMode) "mode" default "0o444" effect RollingRestart;
        /// Instead of a file: the variable that holds it. In flows only.
        env: value(Scalar) "env";
    }
}
