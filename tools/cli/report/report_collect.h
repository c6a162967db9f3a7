/* SPDX-License-Identifier: MIT */
/* From operands, which may be files or trees of a store or of a mount, to rows. */
#ifndef ALCM_TOOLS_REPORT_COLLECT_H
#define ALCM_TOOLS_REPORT_COLLECT_H

#include "cli.h"
#include "report_model.h"

/* Why nobody has compressed the plain file behind `fd`. */
#define COLLECT_WHY_BYTES sizeof(((struct report_row *)0)->why_not)
void collect_why_not(int fd, const struct stat *st, char out[COLLECT_WHY_BYTES]);

/* Takes a row over if it returns CLI_OK. */
typedef enum cli_exit (*collect_fn)(void *ctx, struct report_row *row);

/*
 * Call `fn` with each regular file of the operands, in no order. A file with several hard
 * links counts once, and links are not followed below an operand. What can't be read is
 * reported, and is a row that says why. Paths are those below the operand, with it in
 * front when there are several. Rows have figures; a compressed file's detail has its
 * coder, and nothing else of it need be set.
 */
enum cli_exit collect(struct cli *cli, struct alcm *alcm, collect_fn fn, void *ctx);

/*
 * All of it as a report; `detailed`: with all that is known of each file, down to the
 * tensors of containers, and why plain ones are. Release it whatever this returns.
 */
enum cli_exit collect_report(struct cli *cli, struct alcm *alcm, bool detailed,
	struct report *out);

/*
 * Give the largest compressed files, `most` of them, histograms of a sample: at most 8
 * blocks of 256 KiB of each, 1,024 in all or one each. What can't be read has none.
 */
void collect_histograms(struct cli *cli, struct alcm *alcm, struct report *report,
	size_t most);

#endif
