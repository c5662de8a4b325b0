/* SPDX-License-Identifier: MIT */
/*
 * strerror.c - one sentence for each result: what happened and what to do.
 */
#include <valetkey.h>

const char *valetkey_strerror(int result)
{
	switch (result) {
	case VALETKEY_OK:
		return "Success";
	case VALETKEY_PENDING:
		return "Not finished yet";
	case VALETKEY_ERR_ARG:
		return "An argument is missing or malformed";
	case VALETKEY_ERR_ABI:
		return "The program has not set a structure's size, or asks "
		       "for more than this library knows";
	case VALETKEY_ERR_BUSY:
		return "The handle is in use by a call that is still running";
	case VALETKEY_ERR_SETUID:
		return "Refused in a set-user-ID or set-group-ID program";
	case VALETKEY_ERR_ACCOUNT:
		return "No such account, several for this URL, or a file that "
		       "is not used; see "
		       "'valetkey status' and 'valetkey add'";
	case VALETKEY_ERR_LOGIN:
		return "A login is needed; run 'valetkey login'";
	case VALETKEY_ERR_SCOPE:
		return "The grant does not have the scope that was asked for";
	case VALETKEY_ERR_LOCKED:
		return "The keyring is locked; unlock it and try again";
	case VALETKEY_ERR_NO_KEYRING:
		return "No keyring service (Secret Service) is running";
	case VALETKEY_ERR_NO_BUS:
		return "There is no D-Bus session bus";
	case VALETKEY_ERR_CANCELED:
		return "Canceled";
	case VALETKEY_ERR_RESOURCE:
		return "The URL is not one of the account's hosts";
	case VALETKEY_ERR_NETWORK:
		return "The provider could not be reached or gave no usable "
		       "answer; try again";
	case VALETKEY_ERR_TIMEOUT:
		return "It took too long; try again";
	case VALETKEY_ERR_NOT_CACHED:
		return "No valid token is cached";
	case VALETKEY_ERR_THROTTLED:
		return "The provider asks to slow down; try again later";
	case VALETKEY_ERR_HELPER:
		return "The valetkey helper is missing or does not work";
	case VALETKEY_ERR_DENIED:
		return "The provider or the system refused";
	case VALETKEY_ERR_NOMEM:
		return "Out of memory";
	default:
		return "Unknown result";
	}
}
