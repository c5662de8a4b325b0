/* SPDX-License-Identifier: MIT */
/*
 * librdkafka-plugin.c - tokens for kcat, and for whatever else uses the system's
 * librdkafka and reads its configuration:
 *
 *	cc -shared -fPIC librdkafka-plugin.c $(pkg-config --cflags --libs valetkey) \
 *		-o valetkey-rdkafka.so
 *	kcat -X plugin.library.paths=$PWD/valetkey-rdkafka.so -X sasl.mechanisms=OAUTHBEARER \
 *		-X security.protocol=SASL_SSL -X sasl.oauthbearer.config=account=work ...
 *
 * The functions of librdkafka are the program's own. It asks for a token when it
 * starts and when four fifths of its life are over, and does not tell of a refusal.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <valetkey.h>

static void refresh(rd_kafka_t *rk, const char *config, void *opaque)
{
	struct valetkey_request request = {.size = sizeof(request)};
	const struct valetkey_token *token = NULL;
	struct valetkey *vk = NULL;
	char why[200] = "";
	int rc = valetkey_open(NULL, &vk);

	(void)opaque;
	if (config && strncmp(config, "account=", 8) == 0)
		request.account = config + 8;
	if (!rc && (rc = valetkey_get(vk, &request, &token)) == VALETKEY_OK)
		rd_kafka_oauthbearer_set_token(
		    rk, token->access_token,
		    token->expires_at ? token->expires_at * 1000 : INT64_MAX,
		    token->account, NULL, 0, why, sizeof(why));
	if (rc)
		snprintf(why, sizeof(why), "%s", valetkey_strerror(rc));
	if (*why) { /* which programs that never poll do not show */
		fprintf(stderr, "valetkey: %s: %s\n",
			request.account ? request.account : "", why);
		rd_kafka_oauthbearer_set_token_failure(rk, why);
	}
	valetkey_token_free(token);
	valetkey_close(vk);
}

/* Many programs wait for a connection before they ever poll: so librdkafka's own
 * thread is to call refresh(). It can be asked for that once it runs. */
static rd_kafka_resp_err_t on_start(rd_kafka_t *rk, rd_kafka_thread_type_t type,
				    const char *name, void *opaque)
{
	(void)name, (void)opaque;
	if (type == RD_KAFKA_THREAD_MAIN)
		rd_kafka_error_destroy(
		    rd_kafka_sasl_background_callbacks_enable(rk));
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf,
				  void *opaque, char *error, size_t size)
{
	(void)conf, (void)opaque, (void)error, (void)size;
	return rd_kafka_interceptor_add_on_thread_start(rk, "valetkey",
							on_start, NULL);
}

rd_kafka_resp_err_t conf_init(rd_kafka_conf_t *conf, void **opaque, char *error,
			      size_t size)
{
	(void)opaque, (void)error, (void)size;
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
	rd_kafka_conf_enable_sasl_queue(conf, 1);
	return rd_kafka_conf_interceptor_add_on_new(conf, "valetkey", on_new,
						    NULL);
}
