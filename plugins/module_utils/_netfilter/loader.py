# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The program that puts persisted sets into force and keeps them there: POSIX sh, because nothing else is sure."""

from __future__ import annotations

LOADER_TEXT = r"""#!/bin/sh
# Written by the Ansible module fleetkit.ecs.netfilter_rules, which also removes it.
#
# fleetkit-ecs-netfilter load            puts every set in /etc/fleetkit-ecs/netfilter.d into force
# fleetkit-ecs-netfilter before-docker   the same; fails only for a set without which Docker must not start
# fleetkit-ecs-netfilter watch           the same whenever something has changed the host's tables
#
# Each chain is changed in one transaction, so no rule is ever out of force for a moment, and nobody else's is touched.

set -fu # -f: the words of a rule are never file names

sets=/etc/fleetkit-ecs/netfilter.d
memory=/run/fleetkit-ecs-netfilter
nl='
'
tab='	'

say() { echo "$name: $*"; }
complain() {
    echo "$name: $*" >&2
    failed=1
    [ "$of_docker" = 0 ] || return
    incomplete=1
    [ "$required" = 0 ] || gate=1
}
did() {
    say "put in force: $*"
    changed=1
}
has_ipv6() { [ -d /proc/sys/net/ipv6 ]; }
docker_runs() { [ "$(systemctl is-active docker.service 2>/dev/null)" = active ]; }

# What iptables-restore has to do to a chain (T), and what that adds (A) or moves (M). Rules with a place of their own
# are put there, + goes to the head and - to the end where it is missing. What bears the set's comment and is not in
# its file, or twice there, goes.
# shellcheck disable=SC2016
plan_chain='
    { text = substr($0, 3) }
    /^W/ { w++; at[w] = text; sub(/ .*/, "", at[w]); rule[w] = substr(text, length(at[w]) + 2) }
    /^H -A/ {
        line[++h] = substr(text, length("-A " chain " ") + 1)
        spec[h] = unmarked(unmarked(line[h], "-m comment --comment \"" mark "\" "), "-m comment --comment " mark " ")
        ours[h] = spec[h] != line[h]
    }
    function unmarked(words, comment,    start) {
        start = index(words, comment)
        return start ? substr(words, 1, start - 1) substr(words, start + length(comment)) : words
    }
    function delete_line(i) { print "T -D " chain " " line[i] }
    END {
        for (i = 1; i <= w; i++)
            for (j = h; j > 0; j--)
                if (ours[j] && !(j in used) && spec[j] == rule[i]) { source[i] = j; used[j] = i; break }
        n = 0
        for (i = 1; i <= w; i++) if (at[i] == "+" && !(i in source)) list[++n] = -i
        for (j = 1; j <= h; j++) {
            if (ours[j] && !(j in used)) delete_line(j)
            else if (!(j in used) || at[used[j]] !~ /^[0-9]/) list[++n] = j
        }
        for (i = 1; i <= w; i++) if (at[i] == "-" && !(i in source)) list[++n] = -i
        for (i = 1; i <= w; i++)
            if (at[i] ~ /^[0-9]/) {
                place = at[i] <= n ? at[i] + 0 : n + 1
                for (j = ++n; j > place; j--) list[j] = list[j - 1]
                list[place] = -i
            }
        moves = 0
        for (j = 1; j <= n; j++) if (list[j] < 0 && !(-list[j] in source && source[-list[j]] == j)) moves = 1
        if (!moves) exit
        for (i = 1; i <= w; i++) if (at[i] ~ /^[0-9]/ && (i in source)) delete_line(source[i])
        for (j = 1; j <= n; j++)
            if (list[j] < 0) {
                i = -list[j]
                target = rule[i]
                while ((k = index(target, " -j ")) > 0) target = substr(target, k + 1)
                text = substr(rule[i], 1, length(rule[i]) - length(target))
                print "T -I " chain " " j " " text "-m comment --comment " mark " " target
                print ((i in source) ? "M " : "A ") rule[i]
            }
    }'

# load_chain FAMILY TABLE CHAIN
load_chain() {
    iptables=iptables of_docker=0 head=''
    [ "$1" = ipv6 ] && iptables=ip6tables
    case $3 in DOCKER | DOCKER-*) of_docker=1 ;; esac
    wanted=$(awk -v family="$1" -v table="$2" -v chain="$3" '
        $1 == family && $2 == table && $4 == chain {
            position = $3
            sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "")
            print position, $0
        }' "$file")
    number=$(echo "$wanted" | grep -c '')
    # -save takes no lock: ecs-init, which does not wait for it, must not fail because we look.
    if ! saved=$($iptables-save -t "$2" 2>&1); then
        complain "cannot list table $2 ($1): $saved"
        return
    fi
    listing=$(echo "$saved" | awk -v chain="$3" '$1 == "-A" && $2 == chain')
    case "$3 $nl$saved" in
        *"$nl:$3 "* | 'INPUT '* | 'FORWARD '* | 'OUTPUT '* | 'PREROUTING '* | 'POSTROUTING '*) ;;
        'DOCKER '* | DOCKER-*)
            if ! lost_by_docker "$1" "$3"; then
                waiting=$((waiting + number))
                return
            fi
            head="-N DOCKER-USER$nl-A DOCKER-USER -j RETURN$nl"
            listing='-A DOCKER-USER -j RETURN'
            ;;
        *)
            complain "there is no chain $3 in table $2 ($1)"
            return
            ;;
    esac
    plan=$({
        echo "$wanted" | sed 's/^/W /'
        echo "$listing" | sed 's/^/H /'
    } | awk -v chain="$3" -v mark="fleetkit.ecs:$name" "$plan_chain")
    total=$((total + number))
    work=$head$(echo "$plan" | sed -n 's/^T //p')
    if [ -n "$work" ]; then
        if ! answer=$(printf '*%s\n%s\nCOMMIT\n' "$2" "$work" | $iptables-restore -w 10 --noflush 2>&1); then
            complain "chain $3 of table $2 ($1) is unchanged: $answer"
            return
        fi
        changed=1
        echo "$plan" | sed -n "s/^A /$name: put in force: $1 $2 $3 /p; s/^M /$name: put in its place: $1 $2 $3 /p"
    fi
    if [ "$3" = DOCKER-USER ] && ! echo "$saved" | grep -qx -e '-A FORWARD -j DOCKER-USER'; then
        if answer=$($iptables -w 10 -I FORWARD -j DOCKER-USER 2>&1); then
            did "$1 filter FORWARD -j DOCKER-USER"
        else
            complain "FORWARD does not jump to DOCKER-USER ($1), its rules do nothing: $answer"
        fi
    fi
}

# Docker makes its chains when it starts. If it runs and DOCKER-USER is gone, somebody has flushed it.
lost_by_docker() {
    [ "$1 $2" = 'ipv4 DOCKER-USER' ] && docker_runs || return 1
    nft list tables 2>/dev/null | grep -q ' docker-bridges$' && return 1 # its backend nftables has no such chain
    case $(iptables -V) in *nf_tables*) other=legacy ;; *) other=nft ;; esac
    if command -v iptables-$other-save >/dev/null && iptables-$other-save 2>/dev/null | grep -q '^:DOCKER[- ]'; then
        complain "Docker's chains are in iptables-$other, but iptables on this host is another backend"
        return 1
    fi
}

# prohibit FAMILY ADDRESS: only what the host itself sends may go there. No rule of netfilter is involved.
prohibit() {
    ip='ip -4'
    [ "$1" = ipv6 ] && ip='ip -6'
    routing_rule 3 nop
    routing_rule 1 "to $2 iif lo goto 3"
    routing_rule 2 "to $2 prohibit"
    total=$((total + 1))
}

# routing_rule PRIORITY WORDS
routing_rule() {
    case $nl$($ip rule show | sed "s/[ $tab]*\$//")$nl in *"$nl$1:${tab}from all $2$nl"*) return ;; esac
    # shellcheck disable=SC2086 # a rule is its words
    if answer=$($ip rule add pref "$1" $2 2>&1); then
        did "$ip rule pref $1 $2"
    else
        complain "cannot make routing rule $1 $2 ($ip): $answer"
    fi
}

# set_sysctl NAME VALUE. It opens what the set's rules close, so without them it goes back to the host's default.
set_sysctl() {
    path=/proc/sys/$(echo "$1" | tr . /) value=$2
    if [ ! -e "$path" ]; then
        waiting=$((waiting + 1))
        return
    fi
    total=$((total + 1))
    if [ "$incomplete" = 1 ]; then
        value=$(cat "$(echo "$path" | sed 's,/conf/[^/]*/,/conf/default/,')")
        complain "$1 is $value and not $2 while a rule is missing"
    fi
    [ "$(cat "$path")" = "$value" ] && return
    if (echo "$value" >"$path") 2>/dev/null; then did "$1=$value"; else complain "cannot set $1=$value"; fi
}

# route_to_loopback ADDRESS: without a default route the host's own packets to it would never meet the rules of OUTPUT.
route_to_loopback() {
    total=$((total + 1))
    [ -n "$(ip -4 route show default)" ] && return
    [ -n "$(ip -4 route show "$1")" ] && return
    if answer=$(ip -4 route add "$1" dev lo scope link 2>&1); then
        did "route $1 dev lo scope link"
    else
        complain "cannot make route $1 dev lo: $answer"
    fi
}

# ecs-init's own rules, as iptables-save prints them
to_agent='-d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j'
to_prerouting="PREROUTING $to_agent DNAT --to-destination 127.0.0.1:51679"
to_output="OUTPUT $to_agent REDIRECT --to-ports 51679"
ecs_init_rules="^-A $to_prerouting\$
^-A $to_output\$
^-A INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\$
^-A INPUT (! )?-i [^ ]+ -p tcp -m tcp --dport 51678 -j (ACCEPT|DROP)\$"
credential_rules="iptables nat -A $to_prerouting
iptables nat -A $to_output"

# Puts back what a flush took of ecs-init's own rules while ecs.service is active: those that this start of it was seen
# to have, as it made them, so that it can remove them when it stops. Never while it starts or stops.
keep_ecs_init() {
    ecs=$(ecs_state)
    kept=$memory/ecs-init.${ecs#* }
    case $ecs in
        'active '?*) ;;
        'activating '?* | 'deactivating '*) unsettled=1 ;;
        *) return ;;
    esac
    present=$(ecs_init_now)
    if [ "${ecs% *}" = active ]; then
        put_back_ecs_init
    elif [ "${ecs% *}" = deactivating ]; then
        return
    fi
    [ -e "$kept" ] || (set +f; rm -f "$memory"/ecs-init.*)
    mkdir -p "$memory"
    known=$(cat "$kept" 2>/dev/null)
    union=$(printf '%s\n%s\n' "$known" "$present" | awk 'NF && !seen[$0]++')
    [ "$union" = "$known" ] || echo "$union" >"$kept"
}

ecs_state() {
    systemctl show --property=ActiveState,InvocationID ecs.service 2>/dev/null |
        awk -F= '{ value[$1] = $2 } END { print value["ActiveState"], value["InvocationID"] }'
}

# Program, table and rule of each that is there
ecs_init_now() {
    for where in 'iptables nat' 'iptables filter' 'ip6tables filter'; do
        [ "${where% *}" = iptables ] || has_ipv6 || continue
        "${where% *}-save" -t "${where#* }" 2>/dev/null | grep -E "$ecs_init_rules" | sed "s/^/$where /"
    done
}

put_back_ecs_init() {
    lost=$(printf '%s\n%s\n' "$credential_rules" "$(cat "$kept" 2>/dev/null)" |
        awk -v present="$present" '
            BEGIN { n = split(present, lines, "\n"); for (i = 1; i <= n; i++) seen[lines[i]] = 1 }
            NF && !seen[$0]++')
    [ -n "$lost" ] || return
    while read -r iptables table _option chain rule; do
        place=-A number=''
        if [ "$chain" = INPUT ]; then
            place=-I number=$((${number_of_input:-0} + 1))
            [ "$iptables" = iptables ] && number_of_input=$number
            [ "$iptables" = iptables ] || number=1
        fi
        # shellcheck disable=SC2086 # a rule is its words
        if answer=$($iptables -w 10 -t "$table" $place "$chain" $number $rule 2>&1); then
            did "ecs-init's $iptables $table $chain $rule"
        else
            complain "cannot put back ecs-init's $table $chain $rule: $answer"
        fi
    done <<LOST
$lost
LOST
    [ "$(ecs_state)" = "$ecs" ] && return
    # ecs.service has begun to stop in between, and would not remove these again.
    while read -r iptables table _option chain rule; do
        # shellcheck disable=SC2086
        $iptables -w 10 -t "$table" -D "$chain" $rule 2>/dev/null
    done <<LOST
$lost
LOST
}

load_set() {
    file=$1 name=${1##*/}
    name=${name%.rules} last='' total=0 waiting=0 of_docker=0 required=0 incomplete=0
    ! grep -qx required "$file" || required=1
    while read -r kind table position chain rule; do
        case $kind in '' | '#'* | required) continue ;; esac
        case "$kind $table" in
            'prohibit ipv6' | 'ipv6 '*)
                if ! has_ipv6; then
                    say "no IPv6 here, skipped: $kind $table $position $chain $rule"
                    continue
                fi
                ;;
        esac
        of_docker=0
        case $kind in
            ipv4 | ipv6)
                # Rules of one chain stand together, and the first one loads them all.
                [ "$kind $table $chain" = "$last" ] || load_chain "$kind" "$table" "$chain"
                last="$kind $table $chain"
                ;;
            prohibit) prohibit "$table" "$position" ;;
            sysctl) set_sysctl "$table" "$position" ;;
            route) route_to_loopback "$table" ;;
            ecs-init) keep_ecs_init ;;
            *) complain "not known: $kind $table $position $chain $rule" ;;
        esac
    done <"$file"
    say "$total looked after, $waiting waiting for Docker"
}

# Ends with 0 when all was as it should be, 1 when something could not be done, 2 when something was done,
# 3 when it has to be looked at again soon.
load_all() (
    name=all purpose=$1 failed=0 changed=0 unsettled=0 gate=0 required=1 of_docker=0 incomplete=0
    set +f
    set -- "$sets"/*.rules
    set -f
    if [ -e "$1" ]; then
        exec 9<"$sets" # the module holds the same lock while it changes a set
        flock -w 30 9 || complain "$sets is locked by another program"
        for one in "$@"; do load_set "$one" 9<&-; done
    else
        complain "there is no set in $sets"
    fi
    [ "$purpose" = before-docker ] && [ "$gate" = 0 ] && exit 0
    [ "$failed" = 1 ] && exit 1
    [ "$changed" = 1 ] && exit 2
    [ "$unsettled" = 1 ] && exit 3
    exit 0
)

# All that may be lost, in one text
look() {
    {
        iptables-save
        ip -4 rule
        ip -4 route show default
        if has_ipv6; then
            ip6tables-save
            ip -6 rule
        fi
        cat /proc/sys/net/ipv4/conf/all/route_localnet
    } 2>/dev/null | grep -v '^[#:]'
}

# Nothing tells of every flush (nft, iptables-restore, firewall-cmd, networkd), so this looks once a second.
watch() {
    seen='' told=''
    while :; do
        now=$(look)
        pause=1
        if [ "$now" != "$seen" ]; then
            words=$(load_all watch 2>&1)
            outcome=$?
            seen=''
            case $outcome in
                0) seen=$now ;;
                1) pause=5 ;;
                2) echo "$words" ;;
            esac
            if [ $outcome != 1 ]; then
                [ -z "$told" ] || echo "all is in force again"
                told=''
            elif [ "$words" != "$told" ]; then
                echo "$words" >&2
                told=$words
            fi
        fi
        sleep $pause
    done
}

case "$#$*" in
    1load | 1before-docker)
        load_all "$1"
        [ $? != 1 ]
        ;;
    1watch) watch ;;
    *)
        echo "usage: $0 load | before-docker | watch" >&2
        exit 64
        ;;
esac
"""
