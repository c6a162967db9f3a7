/* SPDX-License-Identifier: MIT */
/*
 * The command line: finding the verb, parsing its options, running it, and the exit code.
 *
 *   argv ──► --version, --help ──► verb ──► its options ──► verb->run() ──► flush
 *
 * The exit code is the worst outcome of all operands, so one bad file doesn't hide
 * another. A verb therefore goes on after a failed operand, reports it at once with
 * cli_error(), and returns cli_worse() of all. Damage is worse than failure, as scripts
 * must notice it first; a repair is better than failure, but isn't 0.
 *
 * The numbers of the exit codes aren't ordered by severity, so they are compared by a
 * list.
 */
#include "cli_options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum cli_exit cli_worse(enum cli_exit a, enum cli_exit b)
{
	static const enum cli_exit worst_first[] = { CLI_CORRUPT, CLI_FAILED, CLI_REPAIRED };

	for (size_t i = 0; i < sizeof(worst_first) / sizeof(worst_first[0]); i++) {
		if (a == worst_first[i] || b == worst_first[i])
			return worst_first[i];
	}
	return CLI_OK;
}

/* The engine's log: warnings and errors go to stderr under the name of the file. */
static void log_text(void *ctx, int fd, enum alcm_log_level level, const char *text)
{
	char path[PATH_MAX];
	ssize_t n;

	if (level == ALCM_LOG_INFO)
		return;
	n = readlink(fd_path(fd), path, sizeof(path) - 1);
	if (n > 0)
		path[n] = '\0';
	cli_error(ctx, n > 0 ? path : NULL, "%s", text);
}

/* Called by the first engine of a run; later ones share the weights. */
static int load_predictor(struct cli *cli)
{
	const char *path = cli->predictor_path;
	struct alcm_diag diag = { 0 };
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : alcm_predictor_read(fd, &cli->predictor, &diag);

	if (err)
		cli_error(cli, path, "%s", diag.cause[0] ? diag.cause : strerror(-err));
	return err;
}

/* Reading verbs decode in the calling thread, and one worker costs less than a pool. */
int cli_engine(struct cli *cli, bool reads_only, struct alcm **out)
{
	struct alcm_params params;
	int err = cli->predictor_path && !cli->predictor ? load_predictor(cli) : 0;

	if (err)
		return err;
	alcm_params_default(&params);
	params.predictor = cli->predictor;
	params.high_effort = cli->verb->high_effort;
	params.threads = reads_only ? 1 : cli->threads;
	params.log = log_text;
	params.log_ctx = cli;
	err = alcm_new(&params, out);
	if (err)
		cli_error(cli, NULL, "can't start the engine: %s", strerror(-err));
	return err;
}

/* "/" keeps its slash, and no other directory gets two. */
char *cli_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	char *joined;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (asprintf(&joined, "%.*s%s%s", (int)len, dir, dir[len - 1] == '/' ? "" : "/",
			name) < 0)
		return NULL;
	return joined;
}

int cli_open_file(int at, const char *path, int flags)
{
	/* The kernel breaks a lease after 45 s (/proc/sys/fs/lease-break-time). */
	enum { PAUSE_US = 5000, TRIES = 60 * 1000000 / PAUSE_US };
	int fd = -1;

	for (int k = 0; k < TRIES; k++) {
		fd = openat(at, path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0 || errno != EWOULDBLOCK)
			break;
		usleep(PAUSE_US);
	}
	return fd;
}

static void print_usage(const struct cli_program *program, FILE *to)
{
	fprintf(to, "usage: %s VERB [OPTION…] OPERAND…\n\n", program->name);
	for (size_t i = 0; i < program->n_verbs; i++)
		fprintf(to, "  %-11s %s\n", program->verbs[i].name, program->verbs[i].summary);
	fprintf(to,
		"\n'%s VERB --help' lists a verb's options; '%s --version' prints the version.\n"
		"Exit codes: 0 done, 1 bad usage or a file error, 3 damaged data, 4 damage "
		"repaired.\n",
		program->name, program->name);
}

/* The script lists verbs and long options literally. It needs neither the program nor
   bash-completion at the time of use. */
enum cli_exit verb_completion(struct cli *cli)
{
	const struct cli_program *program = cli->program;

	printf("_%s()\n{\n"
		   "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
		   "\tcase $COMP_CWORD:${COMP_WORDS[1]}:$cur in\n"
		   "\t1:*) words='--help --version",
		program->name);
	for (size_t i = 0; i < program->n_verbs; i++)
		printf(" %s", program->verbs[i].name);
	puts("' ;;");
	for (size_t i = 0; i < program->n_verbs; i++) {
		printf("\t*:%s:-*) words='", program->verbs[i].name);
		cli_options_list(program, &program->verbs[i]);
		puts("' ;;");
	}
	printf("\t*) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n"
		   "\tesac\n"
		   "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		   "}\n"
		   "complete -o filenames -F _%s %s\n",
		program->name, program->name);
	return CLI_OK;
}

static const struct verb *find_verb(const struct cli_program *program, const char *name)
{
	for (size_t i = 0; i < program->n_verbs; i++) {
		if (strcmp(program->verbs[i].name, name) == 0)
			return &program->verbs[i];
	}
	return NULL;
}

/* Output that could not be written is a failure, also when only the last flush fails: a
   full disk shows then, and a truncated report must not pass for a whole one. */
static enum cli_exit run_verb(struct cli *cli)
{
	enum cli_exit status;

	if (cli->verb->needs_proc && !alcm_process_has_proc())
		return cli_error(cli, NULL,
			"/proc isn't mounted; without it no file of a store can be changed "
			"(mount -t proc proc /proc)");
	if (cli->verb->only_tells && !cli->out && alcm_process_lost_output())
		return cli_error(cli, "standard output",
			"is closed, so there is nowhere to write to");
	status = cli->verb->run(cli);
	alcm_predictor_free(cli->predictor);
	progress_end(&cli->progress);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = cli_worse(status,
			cli_error(cli, "standard output", "%s", strerror(errno)));
	return status;
}

int cli_run(struct cli *cli, int argc, char **argv)
{
	const struct cli_program *program = cli->program;
	const char *name = argc >= 2 ? argv[1] : "";
	enum cli_exit status;
	bool help = false;

	setlocale(LC_CTYPE, "");
	if (strcmp(name, "--version") == 0) {
		printf("%s " ALCM_VERSION "\n", program->name);
		return CLI_OK;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		print_usage(program, stdout);
		return CLI_OK;
	}
	cli->verb = find_verb(program, name);
	if (!cli->verb) {
		if (name[0])
			fprintf(stderr, "%s: %s: no such verb\n\n", program->name, name);
		print_usage(program, stderr);
		return CLI_FAILED;
	}
	status = cli_options_parse(cli, argc - 1, argv + 1, &help);
	if (help)
		cli_options_help(cli);
	return help || status ? status : run_verb(cli);
}
