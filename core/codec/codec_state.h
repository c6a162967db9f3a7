/* SPDX-License-Identifier: MIT */
/* The codec's state and scratch memory, shared by the files of core/codec. */
#ifndef ALCM_CODEC_CODEC_STATE_H
#define ALCM_CODEC_CODEC_STATE_H

#include "codec/bins.h"
#include "codec/body.h"
#include "codec/codec.h"
#include "coder/coder_table.h"

/* How the search for matches is chosen. Tests compare the two. */
enum chooser { CHOOSER_RULES, CHOOSER_NETWORK };

/* For training the network: is called with each question about a plane. */
struct choice_observer {
	void (*see)(struct choice_observer *self, struct codec *codec, const float *inputs,
		const uint8_t *in, uint32_t n);
};

struct codec {
	enum chooser chooser;
	struct choice_observer *observer; /* or NULL */
	/* Length of the part coded in another way, while it is tried as one plane; else
	   UINT32_MAX. */
	uint32_t goal;
	struct coder_state *coders;
	uint32_t chunk_bytes;
	/* one part, split; or decoded planes: TRANSFORM_ROOM() more than a chunk */
	uint8_t *planes;
	uint8_t *coded[2];  /* a part's coded planes: the best so far, and a candidate */
	uint8_t *candidate; /* one plane's; or scratch memory of a transform */
	union bins_tables *tables;
};

/* Scratch memory for coder bins. While encoding, coded[0] may hold a part, so `scales` is
   used only for decoding. */
static inline struct bins_scratch codec_bins_scratch(const struct codec *c)
{
	return (struct bins_scratch){
		.symbols = c->planes,
		.bits = c->candidate,
		.bits_capacity = c->chunk_bytes,
		.tables = c->tables,
		.scales = (double *)(void *)c->coded[0],
	};
}

/* A coded part: its table row, and the bytes of its planes in order. */
struct coded_part {
	struct body_part part;
	uint8_t *bytes;
	uint32_t len;
};

/* plan.c: choose transform and coders for one span; the result lies in codec->coded. */
void plan_part(struct codec *codec, const uint8_t *raw, const struct span *span,
	struct coded_part *out);

#endif
