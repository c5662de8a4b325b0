#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_layers.sh - no folder includes from one that it may not know, and the files
# that texts and comments name are there; tests/dev/layers.sh and paths.sh would
# tell.

# shellcheck source=tests/lib/lib.sh
. "$VALETKEY_SRC/tests/lib/lib.sh"

copy=$VALETKEY_TEST_DIR/copy
ok 'no folder includes what it may not' \
	sh "$VALETKEY_SRC/tests/dev/layers.sh" "$VALETKEY_SRC"
mkdir "$copy"
cp -R "$VALETKEY_SRC/plugin" "$VALETKEY_SRC/helper" "$copy/"
chmod -R u+w "$copy"

# planted FILE HEADER FOLDER: an include line that is forbidden is told.
planted()
{
	cp "$copy/$1" "$VALETKEY_TEST_DIR/kept"
	echo "#include \"$2\"" >>"$copy/$1"
	at=$(wc -l <"$copy/$1")
	is "$(sh "$VALETKEY_SRC/tests/dev/layers.sh" "$copy")" \
		"$1:$at: $3 may not include $2" "planted: $3 includes $2"
	exits 1 "planted: $3 includes $2: it fails" \
		sh "$VALETKEY_SRC/tests/dev/layers.sh" "$copy"
	cp "$VALETKEY_TEST_DIR/kept" "$copy/$1"
}

planted plugin/core/buf.c store/store.h core
planted plugin/get.c client/client.h plugin
planted plugin/sasl/user.c core/buf.h sasl
planted helper/verbs/token.c net/net.h verbs
planted helper/verbs/token.c fronts/git.h verbs
planted helper/fronts/git.c ops/ops.h fronts
planted helper/valetkey.c store/store.h valetkey
planted helper/helper.c command/command.h helper
planted helper/grant/grant.c keyring/keyring.h grant
planted helper/oauth/endpoint.c store/store.h oauth
planted helper/net/page.c json/json.h net
planted helper/keyring/item.c store/store.h keyring
planted helper/store/store.c keyring/session.h store
planted helper/job/job.c oauth/endpoint.h job
planted helper/json/json.c request.h json
planted helper/ops/op_get.c command/command.h ops
mkdir "$copy/helper/new"
echo '#include "core/buf.h"' >"$copy/helper/new/new.c"
is "$(sh "$VALETKEY_SRC/tests/dev/layers.sh" "$copy")" \
	'helper/new/new.c:1: new has no row in tests/dev/layers.sh' \
	'a folder that nobody has thought of is told'

# ---- names of files ----

ok 'every file that is named is there' \
	sh "$VALETKEY_SRC/tests/dev/paths.sh" "$VALETKEY_SRC"
mkdir "$copy/tests" "$copy/examples" "$copy/tutorials"
# shellcheck disable=SC2016 # Markdown's quotes
printf '%s\n' 'See `helper/store/gone.c`, `plugin/buf.c`, buf.c.' \
	'`helper/store/`, `helper/gone/`, op_NAME.c' >"$copy/TEXT.md"
printf '%s\n' '/* See gone.h. */' 'int gone.h;' >"$copy/plugin/new.c"
is "$(sh "$VALETKEY_SRC/tests/dev/paths.sh" "$copy" | grep -e TEXT -e new |
	sort | tr '\n' ' ')" \
	'TEXT.md:1: helper/store/gone.c TEXT.md:1: plugin/buf.c TEXT.md:2: helper/gone/ plugin/new.c:1: gone.h ' \
	'a file or folder that is not there is told'
exits 1 'a file or folder that is not there: it fails' \
	sh "$VALETKEY_SRC/tests/dev/paths.sh" "$copy"
done_testing
