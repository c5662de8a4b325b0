# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# sasl.sh - for the scripts of this folder: programs of Cyrus SASL with the plugin,
# or without. Sourced after lib.sh.

case $VALETKEY_LIB in
"$VALETKEY_BUILD"/*) SASL_LIBRARY=$VALETKEY_BUILD/.libs/libvaletkey-sasl.so ;;
*) SASL_LIBRARY=${VALETKEY_LIB%/*}/valetkey/sasl2/libvaletkey-sasl.so ;;
esac
SASL_FOLDER=$VALETKEY_TEST_DIR/sasl2

# What a program that no sanitizer was built into must load first.
sasl_runtime()
{
	for runtime in libasan.so libtsan.so; do
		! grep -q "$runtime" "$SASL_LIBRARY" ||
			${CC:-cc} -print-file-name="$runtime"
	done
}

# Where SASL's own plugins are.
sasl_default()
{
	for folder in /usr/lib/*/sasl2 /usr/lib64/sasl2 /usr/lib/sasl2; do
		[ ! -e "$folder/libplain.so" ] || echo "$folder"
	done | head -n 1
}

# The plugin's folder, as it is where valetkey is installed.
sasl_start()
{
	grep -q '^saslexec_LTLIBRARIES = ' "$VALETKEY_BUILD/Makefile" ||
		skip_all 'built without Cyrus SASL'
	mkdir "$SASL_FOLDER" && ln -s "$SASL_LIBRARY" "$SASL_FOLDER" || exit
	SASL_WITH=$(sasl_default):$SASL_FOLDER
	SASL_RUNTIME=$(sasl_runtime)
}

# Before sasl_start, for other people's programs.
sasl_foreign()
{
	! grep -q libtsan "$SASL_LIBRARY" 2>/dev/null ||
		skip_all 'the thread sanitizer is for our own programs'
}

# with_plugin COMMAND...: its own leaks are no concern of ours.
with_plugin()
{
	env SASL_PATH="$SASL_WITH" LD_LIBRARY_PATH="${VALETKEY_LIB%/*}" \
		${SASL_RUNTIME:+LD_PRELOAD="$SASL_RUNTIME"} \
		${SASL_RUNTIME:+ASAN_OPTIONS=detect_leaks=0} "$@"
}

fails()
{
	! "$@"
}
