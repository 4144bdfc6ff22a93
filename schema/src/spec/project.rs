//! What shapes a project before it becomes a spec: parameters, components, environments.

use super::values::{Name, Scalar};
use crate::lang::Node;
use crate::{node, one_of};

one_of! {
    /// What a parameter holds.
    ParamType {
        String "string", Int "int", Bool "bool", Float "float", List "list", Map "map",
        Hostname "hostname", Port "port", Duration "duration", Bytes "bytes", Cpu "cpu",
        Cidr "cidr", Cron "cron", Mode "mode", Path "path", Url "url", Ref "ref",
    }
}

node! {
    /// The head of a project: the first node of `skep.kdl`.
    Project "project" {
        /// The project's name; what it declares is called `NAME_x` in the swarm.
        name: arg(Name) "NAME";
        /// The edition of the language: what is left out means what it meant in that edition.
        edition: need(u16) "edition";
        /// Further files of the project, spliced in.
        include: nodes(Include) "include" key none;
        /// Components and other projects, under names of their own.
        import: nodes(Import) "import" key none;
    }

    /// Further files of the project.
    Include "include" {
        /// Files, relative to the folder of `skep.kdl`; `*` stands for any part of a name, `**` for
        /// any folders. One that ends in `.yml` or `.yaml` is a compose file, whose services and the
        /// like become nodes of the project.
        files: args(Scalar) "FILE";
    }

    /// Components from elsewhere, or what another project exports.
    Import "import" {
        /// `std:NAME` for what ships with Skep, `./FOLDER` for a folder of the project,
        /// `git:REPOSITORY` for what others keep in git, or `../FOLDER` for another project of the
        /// same repository.
        from: arg(Scalar) "FROM";
        /// The name that stands before their own, `NAME.component` or `NAME.service`; the last part
        /// of where they come from, where it is left out.
        alias: value(Name) "as";
        /// From git: a tag, a branch or a commit. What it meant when it was asked for is pinned in
        /// `skep.lock`.
        rev: value(Scalar) "rev";
        /// From git: the folder of the repository, where it is not the whole.
        path: value(Scalar) "path";
        /// Of another project: the environment that is meant, where it is not the one of the same
        /// name, or none where there is no such.
        environment: value(Name) "environment";
    }

    /// An input: given with `-p`, set by an environment, or its default.
    Param "param" {
        /// The name, read as `param.NAME`.
        name: arg(Name) "NAME";
        /// What it holds.
        ty: value(ParamType) "type" default "string";
        /// The kind of node a `ref` names.
        of: value(Scalar) "of";
        /// What it is when nobody says otherwise.
        default: any(Node) "default";
        /// What it is for.
        doc: value(Scalar) "doc";
        /// The least it may be; for numbers and quantities.
        min: any(Node) "min";
        /// The most it may be; for numbers and quantities.
        max: any(Node) "max";
        /// A regular expression that the whole text must match.
        pattern: value(String) "match";
        /// The values it may have, as several or as one string with spaces between.
        one_of: list(Scalar) "one-of";
        /// It may stay without a value; what takes it alone is then left out.
        optional: flag(bool) "optional";
    }

    /// A body of nodes with parameters, expanded where it is used.
    Component "component" {
        /// The name.
        name: arg(Name) "NAME";
        /// What it is for.
        doc: value(Scalar) "doc";
        /// What a use may give it.
        param: nodes(Param) "param";
        /// The nodes of each use; they see the parameters and `name`.
        body: rest(Node) "BODY";
    }

    /// A use of a component, or one for each item of a list.
    Use "use" {
        /// Which component.
        component: arg(Scalar) "COMPONENT";
        /// The name of the instance, read as `name` in the component. Beside `each` it may be left
        /// out: then it is the item's.
        name: arg(Name) "NAME";
        /// One instance for each item: `each api shop`, a map or rows `{ api port=8080; shop port=8081 }`,
        /// or a parameter that is a list or map. Arguments read it as `each` and `each.KEY`.
        each: any(Node) "each";
        /// What the component's parameters are.
        given: rest(Node) "PARAM";
    }

    /// What is different in one environment.
    Environment "environment" {
        /// The name, chosen with `-e NAME`.
        name: arg(Name) "NAME";
        /// What it is for.
        doc: value(Scalar) "doc";
        /// Values of the project's parameters.
        set: nodes(Set) "set";
        /// Nodes that only exist here.
        add: nodes(Add) "add";
        /// Changes of nodes.
        patch: nodes(Patch) "patch";
        /// Nodes that do not exist here.
        remove: nodes(Remove) "remove";
    }

    /// The value of a parameter in one environment.
    Set "set" {
        /// Which parameter.
        param: arg(Scalar) "PARAM";
        /// Its value.
        value: rest(Node) "VALUE";
    }

    /// A node that only exists in one environment.
    Add "add" {
        /// Its kind.
        kind: arg(Scalar) "KIND";
        /// The rest of it, as it would be written elsewhere.
        node: rest(Node) "NODE";
    }

    /// A change of nodes in one environment. What it writes replaces scalars and lists, and is
    /// merged into maps and named children; `remove WORD` takes away, `append WORD` adds to a list,
    /// `replace WORD` puts a whole block in the place of one that would be merged with.
    Patch "patch" {
        /// Their kind.
        kind: arg(Scalar) "KIND";
        /// The name of one, or `*` for all.
        name: arg(Scalar) "NAME";
        /// The change.
        change: rest(Node) "CHANGE";
    }

    /// A node that does not exist in one environment.
    Remove "remove" {
        /// Its kind.
        kind: arg(Scalar) "KIND";
        /// Its name.
        name: arg(Scalar) "NAME";
    }

    /// What all nodes of a kind have unless they say otherwise.
    Defaults "defaults" {
        /// The kind.
        kind: arg(Scalar) "KIND";
        /// What they have.
        values: rest(Node) "VALUES";
    }
}
