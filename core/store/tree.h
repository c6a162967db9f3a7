/* SPDX-License-Identifier: MIT */
/* A walk over all files below a directory, to find one by its properties. */
#ifndef ALCM_STORE_TREE_H
#define ALCM_STORE_TREE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Called for each regular file: `name` in the directory `at`, with its attributes. A
 * result of 0 or more ends the walk. -ENOENT: not this file. Another negative errno:
 * unknown.
 */
typedef int (*tree_look)(void *ctx, int at, const char *name, const struct stat *st);

/*
 * Visit the files below `dirfd` on its filesystem, without following links. .alcm at its
 * root is skipped, and, unless `stores_too`, every directory that is a store of its own.
 * Returns the result that ended the walk. Otherwise -ENOENT, or the errno of a place that
 * could not be searched. -ENOMEM.
 */
int tree_find(int dirfd, bool stores_too, tree_look look, void *ctx);

#endif
