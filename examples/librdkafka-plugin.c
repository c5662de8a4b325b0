/* SPDX-License-Identifier: MIT */
/*
 * Tokens for kcat, and for whatever else uses the system's librdkafka:
 *	cc -shared -fPIC -o vk.so librdkafka-plugin.c $(pkg-config --cflags --libs valetkey)
 *	kcat -X plugin.library.paths=$PWD/vk.so -X sasl.mechanisms=OAUTHBEARER \
 *		-X security.protocol=SASL_SSL -X sasl.oauthbearer.config=work ...
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <time.h>
#include <valetkey.h>

static void refresh(rd_kafka_t *rk, const char *account, void *opaque)
{
	struct valetkey_request ask = {.size = sizeof(ask), .account = account};
	int64_t in_an_hour = time(NULL) + 3600; /* if its end is unknown */
	const struct valetkey_token *token = NULL;
	struct valetkey *vk = NULL;
	char why[200] = "";
	int rc = valetkey_open(NULL, &vk);

	if (rc || (rc = valetkey_get(vk, &ask, &token)))
		snprintf(why, sizeof(why), "%s", valetkey_strerror(rc));
	else
		rd_kafka_oauthbearer_set_token(
		    rk, token->access_token,
		    1000 * (token->expires_at ? token->expires_at : in_an_hour),
		    token->account, NULL, 0, why, sizeof(why));
	if (*why) { /* which programs that never poll do not show */
		fprintf(stderr, "valetkey: %s\n", why);
		rd_kafka_oauthbearer_set_token_failure(rk, why);
	}
	valetkey_token_free(token);
	valetkey_close(vk);
}

/* So that librdkafka's own thread calls refresh(): many programs never poll. */
static rd_kafka_resp_err_t on_run(rd_kafka_t *rk, rd_kafka_thread_type_t type,
				  const char *name, void *opaque)
{
	if (type == RD_KAFKA_THREAD_MAIN)
		rd_kafka_error_destroy(
		    rd_kafka_sasl_background_callbacks_enable(rk));
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf,
				  void *opaque, char *error, size_t size)
{
	return rd_kafka_interceptor_add_on_thread_start(rk, "vk", on_run, NULL);
}

rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *conf, void **opaque, char *error,
			      size_t size)
{
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
	rd_kafka_conf_enable_sasl_queue(conf, 1);
	return rd_kafka_conf_interceptor_add_on_new(conf, "vk", on_new, NULL);
}
