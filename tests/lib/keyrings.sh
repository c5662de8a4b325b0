# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# keyrings.sh - for the scripts that test with other keyrings than the session's:
# KWallet and KeePassXC, each without anybody at the screen. Sourced after lib.sh
# and hosts/hosts.sh in a tests/lib/session --no-keyring.

KWALLET_PID=
KEEPASSXC_PID=
XVFB_PID=

# The default collection, once it is there, is locked: "true" or "false".
keyring_locked()
{
	dbus-send --session --print-reply --dest=org.freedesktop.secrets \
		/org/freedesktop/secrets/aliases/default \
		org.freedesktop.DBus.Properties.Get \
		string:org.freedesktop.Secret.Collection string:Locked \
		2>/dev/null | sed -n 's/.*boolean //p'
}

keyring_is()
{
	case $1 in
	locked) [ "$(keyring_locked)" = true ] ;;
	unlocked) [ "$(keyring_locked)" = false ] ;;
	esac
}

# ---- KWallet: a wallet is opened as the login does it, by a hash ----

# The newest that is here: kwalletd5 (Debian 12) or kwalletd6.
KWALLETD=kwalletd5
! command -v kwalletd6 >/dev/null || KWALLETD=kwalletd6

# need_kwallet: or all is skipped. Without the plugins for its encryption it crashes
# at the first session.
need_kwallet()
{
	! command -v ksecretd >/dev/null ||
		skip_all 'the Secret Service of this KWallet is ksecretd, which only a login of PAM opens'
	need_programs "$KWALLETD"
	kwallet_qt=qt${KWALLETD#kwalletd}
	find /usr/lib -path "*/qca-$kwallet_qt/crypto/*" -name '*.so' \
		2>/dev/null | grep -q . ||
		need_programs "libqca-$kwallet_qt-plugins"
}

# kwallet_call METHOD ARGUMENT...
kwallet_call()
{
	kwallet_method=$1
	shift
	dbus-send --session --print-reply --dest="org.kde.$KWALLETD" \
		"/modules/$KWALLETD" "org.kde.KWallet.$kwallet_method" \
		string:kdewallet "$@"
}

kwallet_is_open()
{
	kwallet_call pamOpen "array:byte:$(seq -s , 56)" int32:0 \
		>/dev/null 2>&1 &&
		kwallet_call isOpen 2>/dev/null | grep -q 'boolean true'
}

kwallet_starts()
{
	QT_QPA_PLATFORM=offscreen setpriv --pdeathsig KILL "$KWALLETD" \
		>>"$VALETKEY_TEST_DIR/kwallet.log" 2>&1 &
	KWALLET_PID=$!
	wait_until "$@"
}

kwallet_start()
{
	kwallet_starts kwallet_is_open
}

# kwallet_end SIGNAL
kwallet_end()
{
	kill "$1" "$KWALLET_PID"
	wait "$KWALLET_PID" 2>/dev/null || :
}

# A new wallet, opened; KWallet shows it once it has been restarted.
kwallet_make()
{
	cat >"$XDG_CONFIG_HOME/kwalletrc" <<-'END'
	[Wallet]
	Enabled=true
	First Use=false
	Prompt on Open=false
	Default Wallet=kdewallet
	END
	mkdir -p "$XDG_DATA_HOME/kwalletd" &&
		head -c 56 /dev/urandom >"$XDG_DATA_HOME/kwalletd/kdewallet.salt"
	kwallet_start && kwallet_end -TERM && kwallet_start
}

# ---- KeePassXC, on a screen that nobody sees ----

keepassxc_file()
{
	cat >"$VALETKEY_TEST_DIR/keepassxc.xml" <<-'END'
	<?xml version="1.0" encoding="UTF-8"?>
	<KeePassFile>
	<Meta>
	<RecycleBinEnabled>False</RecycleBinEnabled>
	<CustomData><Item>
	<Key>FDO_SECRETS_EXPOSED_GROUP</Key>
	<Value>{00000000-0000-4000-8000-000000000001}</Value>
	</Item></CustomData>
	</Meta>
	<Root><Group>
	<UUID>AAAAAAAAQACAAAAAAAAAAQ==</UUID>
	<Name>Root</Name>
	</Group></Root>
	</KeePassFile>
	END
	keepassxc_password=$(cat "$(secret_file keepassxc-password)")
	printf '%s\n%s\n' "$keepassxc_password" "$keepassxc_password" |
		keepassxc-cli import -q -t 100 -p \
			"$VALETKEY_TEST_DIR/keepassxc.xml" \
			"$VALETKEY_TEST_DIR/demo.kdbx"
}

# keepassxc_settings [SETTING...]: what it asks about.
# shellcheck disable=SC2120 # some scripts have none
keepassxc_settings()
{
	mkdir -p "$XDG_CONFIG_HOME/keepassxc" &&
		cat >"$XDG_CONFIG_HOME/keepassxc/keepassxc.ini" <<-END
		[General]
		ConfigVersion=2
		SingleInstance=false
		UpdateCheckMessageShown=true
		[GUI]
		CheckForUpdates=false
		[FdoSecrets]
		Enabled=true
		ShowNotification=false
		ConfirmAccessItem=false
		ConfirmDeleteItem=false
		$(printf '%s\n' "$@")
		END
}

keepassxc_screen()
{
	setpriv --pdeathsig KILL Xvfb -displayfd 5 -nolisten tcp 5>"$VALETKEY_TEST_DIR/display" \
		2>"$VALETKEY_TEST_DIR/xvfb.log" &
	XVFB_PID=$!
	wait_until [ -s "$VALETKEY_TEST_DIR/display" ]
}

# keepassxc_starts STATE [--pw-stdin]: its database is "locked" or "unlocked" then.
keepassxc_starts()
{
	keepassxc_state=$1
	shift
	printf '%s\n' "$keepassxc_password" | DISPLAY=:$(cat "$VALETKEY_TEST_DIR/display") setpriv --pdeathsig KILL \
		keepassxc "$@" "$VALETKEY_TEST_DIR/demo.kdbx" \
		>>"$VALETKEY_TEST_DIR/keepassxc.log" 2>&1 &
	KEEPASSXC_PID=$!
	wait_until keyring_is "$keepassxc_state"
}

keepassxc_start()
{
	keepassxc_starts unlocked --pw-stdin
}

# While it shows a dialog, only a signal that it cannot ignore ends it.
keepassxc_end()
{
	kill "$KEEPASSXC_PID"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		process_runs "$KEEPASSXC_PID" || break
		sleep 0.2
	done
	kill -KILL "$KEEPASSXC_PID" 2>/dev/null
	wait "$KEEPASSXC_PID" 2>/dev/null || :
}

# A new database, unlocked.
keepassxc_make()
{
	keepassxc_file && keepassxc_settings && keepassxc_screen &&
		keepassxc_start
}

# ---- either ----

# keyring_make KIND
keyring_make()
{
	case $1 in
	kwallet) kwallet_make ;;
	keepassxc) keepassxc_make ;;
	esac
}

keyring_end()
{
	[ -z "$KWALLET_PID" ] || kwallet_end -TERM
	[ -z "$KEEPASSXC_PID" ] || keepassxc_end
	[ -z "$XVFB_PID" ] || kill "$XVFB_PID" || :
}
