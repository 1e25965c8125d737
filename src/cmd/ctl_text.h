/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of the agent for people. */
#ifndef SAKER_CMD_CTL_TEXT_H
#define SAKER_CMD_CTL_TEXT_H

#include <jansson.h>

void ctl_text_status(const json_t *reply);
void ctl_text_stats(const json_t *reply);
void ctl_text_ps(const json_t *reply);
void ctl_text_reload(const json_t *reply);
void ctl_text_loglevel(const json_t *reply);

void ctl_text_sinks(const json_t *reply);
void ctl_text_mutes(const json_t *reply);

#endif
