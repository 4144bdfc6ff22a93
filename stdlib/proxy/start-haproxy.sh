#!/bin/sh
# Starts HAProxy with user lists made from htpasswd files: start.sh LIST=FILE...
#
# HAProxy has no htpasswd of its own. A line becomes a user when its hash is one that crypt(3) knows:
# bcrypt, SHA-512, SHA-256 or MD5-crypt. Any other line stops the start, so that nobody is left out silently.
set -eu

config=/usr/local/etc/haproxy/haproxy.cfg
lists=/dev/shm/skep-users.cfg

umask 077
: > "$lists"
for pair in "$@"; do
    awk -F: -v list="${pair%%=*}" -v file="${pair#*=}" '
        BEGIN { print "userlist " list }
        /^[[:space:]]*(#|$)/ { next }
        NF == 2 && $1 ~ /^[A-Za-z0-9._@-]+$/ && $2 ~ /^\$(1|2[aby]|5|6)\$[A-Za-z0-9.\/$=]+$/ {
            print "    user " $1 " password " $2
            next
        }
        { print file ":" FNR ": not a user with a hash HAProxy can check" > "/dev/stderr"; exit 1 }
    ' "${pair#*=}" >> "$lists"
done
exec haproxy -W -db -f "$config" -f "$lists"
