// SPDX-License-Identifier: Apache-2.0
#include "agent/containers_options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/containers.h"
#include "base/log.h"
#include "config/config.h"

/* The configuration is read anew now and then; what was said at the start lasts as long as we do. */
static const char *kept(const struct option_text *text)
{
	return text->text ? strdup(text->text) : NULL;
}

static void roots_of(const char *to[READ_ROOTS], const struct option_list *list, const char *const usual[READ_ROOTS])
{
	for (unsigned i = 0; i < READ_ROOTS; i++)
		to[i] = !list->n ? usual[i] : i < list->n ? kept(&list->items[i]) : NULL;
}

struct containers_options containers_options_of(struct read_places *places, const struct config *config)
{
	const struct config_containers *c = &config->containers;
	const struct option_list *const lists[ROOT_KINDS] = {
		[ROOT_containerd] = &c->containerd, [ROOT_docker] = &c->docker, [ROOT_storage] = &c->storage,
		[ROOT_runc] = &c->runc, [ROOT_crun] = &c->crun, [ROOT_pod_logs] = &c->pod_logs,
	};

	for (unsigned i = 0; i < ROOT_KINDS; i++)
		roots_of(places->roots[i], lists[i], read_places_usual.roots[i]);
	places->prefix = kept(&c->host_prefix);
	places->pods = kept(&config->k8s.metadata);
	return (struct containers_options){
		.places = places, .max_cgroups = (uint32_t)c->cgroups, .keep_ms = c->keep, .retry_ms = c->retry,
		.tries = (unsigned)c->tries,
	};
}

static void doubt(struct log *log, const char *option, const struct option_text *path, int mode)
{
	if (path->text && access(path->text, mode) < 0)
		log_say(log, LOG_warning, "%s: cannot read %s: %s", option, option_shown(path), strerror(errno));
}

void containers_options_doubt(const struct config *config, struct log *log)
{
	doubt(log, "containers.host_prefix", &config->containers.host_prefix, R_OK | X_OK);
	doubt(log, "k8s.metadata", &config->k8s.metadata, R_OK);
}
