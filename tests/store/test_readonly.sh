#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_readonly.sh - accounts in a folder that nobody may write, as configuration
# managers make it: locks, notes and what is parked go to the runtime directory,
# and whatever the folder becomes meanwhile, no refresh token is sent twice.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"
# shellcheck source=tests/hosts/hosts.sh
. "$VALETKEY_SRC/tests/hosts/hosts.sh"

as_ordinary_user

ACCOUNT=20
folder=$XDG_CONFIG_HOME/valetkey
runtime=$XDG_RUNTIME_DIR/valetkey

refresh()
{
	ask -t 20000 -m 1000000
}

is_there()
{
	[ -e "$1" ]
}

# As a configuration manager leaves it: the accounts' files and nothing else.
make_readonly()
{
	chmod u+w "$folder"
	find "$folder" -maxdepth 1 -name '.*' -type f -delete
	chmod a-w "$folder"
}

test_refresh()
{
	make_readonly
	refresh_cost 1 'a read-only folder: a token' refresh
	is "$(find "$folder" -name '.*')" '' 'nothing was made in it'
	ok 'the lock is in the runtime directory' \
		is_there "$runtime/.$(account_id demo).lock"
	is "$(stat -c %a "$runtime")" 700 'which is closed to others'
	expire
	before=$(refreshes)
	herd
	is $(($(refreshes) - before)) 1 'eight at once: one refresh'
	ok 'status' valetkey status demo
}

herd()
{
	hosts=''
	for _ in 1 2 3 4 5 6 7 8; do
		ask -t 20000 2>/dev/null &
		hosts="$hosts $!"
	done
	failed=0
	for host in $hosts; do
		wait "$host" || failed=$((failed + 1))
	done
	is "$failed" 0 'eight at once: all have a token'
}

# meanwhile MODE DESCRIPTION: two gets, and the folder changes in between.
meanwhile()
{
	expire
	before=$(counted token_requests)
	provider_fault none slow=1500
	ask -t 20000 &
	first=$!
	wait_until counted_above token_requests "$before"
	provider_fault none
	chmod "$1" "$folder"
	ok "$2: the second get" ask -t 20000
	wait "$first"
	is $? 0 "$2: the first get"
	is $(($(counted token_requests) - before)) 1 "$2: one refresh"
}

test_changing()
{
	make_readonly
	meanwhile u+w 'it becomes writable in a refresh'
	rm -rf "$runtime"
	meanwhile a-w 'it becomes read-only in a refresh'
	make_readonly
	meanwhile u+w 'writable once more'
}

# Without the kernel's keyring.
test_parked()
{
	make_readonly
	before=$(counted token_requests)
	provider_fault none slow=1500
	"$HOSTS/seccomp" ENOSYS valetkey token demo --min-valid 1000000 \
		>/dev/null &
	host=$!
	wait_until counted_above token_requests "$before"
	ok 'room is taken in the runtime directory' \
		is_there "$runtime/.$(account_id demo).parked"
	wait "$host"
	is $? 0 'a token without the kernel'
	provider_fault none
}

test_nowhere()
{
	make_readonly
	chmod g+rx "$XDG_RUNTIME_DIR"
	exits "$ACCOUNT" 'no place for a lock: ACCOUNT' refresh
	like "$(refresh 2>&1)" \
		"lock file $folder/.*denied.* nor one in .XDG_RUNTIME_DIR" \
		'no place for a lock: what and why'
	chmod g-rx "$XDG_RUNTIME_DIR"
	ok 'and again' refresh
}

test_removed()
{
	id=$(account_id demo)
	chmod u+w "$folder"
	ok 'the folder is writable: removed' valetkey remove demo --yes
	is "$(find "$runtime" "$folder" -name ".$id.*")" '' \
		'removed: nothing of it is in either place'
	: >"$runtime/.$id.lock"
	: >"$runtime/.$id.login"
	valetkey status >/dev/null 2>&1
	is "$(find "$runtime" -name ".$id.*")" '' \
		'what a killed remove has left there goes with the next run'
}

provider_start
{ demo_account demo native && demo_login demo; } >/dev/null 2>&1 || exit 1
test_refresh
test_changing
test_parked
test_nowhere
test_removed
is "$(counted reuse_detected)" 0 'no refresh token was used twice'
done_testing
