/* SPDX-License-Identifier: MIT */
/* Parts of the page (report.html). Every text goes through html_text(), because names of
   files are untrusted. */
#ifndef ALCM_TOOLS_HTML_OUT_H
#define ALCM_TOOLS_HTML_OUT_H

#include <stdio.h>

#include "report_model.h"

/* The template with script and style, built by embed.py; ends with a 0. */
extern const unsigned char html_template[];

/* Write a text for elements and quoted attributes. False: out of memory. */
bool html_text(FILE *to, const char *text);

/* The data for the script. */
bool html_data(FILE *to, const struct report *report);

/* Parts that need no script. */
bool html_cards(FILE *to, const struct report *report);
bool html_bar(FILE *to, const struct report *report);
bool html_files(FILE *to, const struct report *report);
bool html_directories(FILE *to, const struct report *report);
bool html_series_link(FILE *to, const struct report *report);
bool html_series(FILE *to, const struct report *report);
bool html_plain(FILE *to, const struct report *report);

#endif
