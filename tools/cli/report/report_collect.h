/* SPDX-License-Identifier: MIT */
/* From operands to rows. Operands are files or trees, in a store or in a mount. */
#ifndef ALCM_TOOLS_REPORT_COLLECT_H
#define ALCM_TOOLS_REPORT_COLLECT_H

#include "cli.h"
#include "report_model.h"

/* The reason why the plain file `fd` isn't compressed. */
#define COLLECT_WHY_BYTES sizeof(((struct report_row *)0)->why_not)
void collect_why_not(int fd, const struct stat *st, char out[COLLECT_WHY_BYTES]);

/* Owns the row after CLI_OK. */
typedef enum cli_exit (*collect_fn)(void *ctx, struct report_row *row);

/*
 * Call `fn` with a row for each regular file of the operands, in no order. A file with
 * several hard links counts once. Links below an operand are not followed. A file that
 * can't be read is reported, and its row has the reason. Paths are relative to the
 * operand, or begin with it if there are several. Rows have figures. The detail of a
 * compressed file has at least its coder.
 */
enum cli_exit collect(struct cli *cli, struct alcm *alcm, collect_fn fn, void *ctx);

/* Collect a report. `detailed`: with everything known about each file, down to the
   tensors of containers, and why plain ones are plain. Release the report in any case. */
enum cli_exit collect_report(struct cli *cli, struct alcm *alcm, bool detailed,
	struct report *out);

/*
 * Add histograms to the `most` largest compressed files, from samples: at most 8 blocks
 * of 256 KiB of each file, and 1,024 blocks in total or one per file. Files that can't be
 * read get none.
 */
void collect_histograms(struct cli *cli, struct alcm *alcm, struct report *report,
	size_t most);

#endif
