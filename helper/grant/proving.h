/* SPDX-License-Identifier: MIT */
/*
 * proving.h - whether a client's secret, key or certificate is a good one, found
 * out by one live request while the page that shows the secret once is still
 * open.
 */
#ifndef VALETKEY_PROVING_H
#define VALETKEY_PROVING_H

#include "job/job.h"

/*
 * Shows it once, and says into the job's answer what that proves:
 * proof=accepted|unproven|none (none: there is nothing to show), proof_text for a
 * person. ERR_DENIED: it was refused. *answered false: the provider was not reached.
 */
int prove_client(struct job *job, const struct client *client,
		 const char *secret, bool *answered);

#endif
