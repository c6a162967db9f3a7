/* SPDX-License-Identifier: MIT */
/*
 * How one plane is coded. A plane of one value is a constant, and noise stays raw.
 * Otherwise a coder of symbols sets the mark, and searches for matches (LZ) are tried if
 * figures or samples suggest them:
 *
 *   raw ──► symbols: ans, zstd ──► fast LZ ──► by rules or network: good, deflate, strong
 *           (if not noise)         (if likely)  (if the fast one found enough)
 *
 * Each step must beat the bytes that are there, so `out` only gets shorter.
 */
#include "codec/plan_plane.h"

#include <math.h>
#include <string.h>

#include "codec/choose.h"
#include "codec/figures.h"
#include "coder/ans.h"

enum {
	SAMPLE = FIGURES_SAMPLE,
	LARGE = PLAN_LARGE,
	SMALL_PART = PLAN_SMALL,
	EFFORT_LZ_FAST = 5,
	EFFORT_LZ_GOOD = 9,
	EFFORT_STRONG = 16, /* weighs matches against each other; ten times as slow */
	EFFORT_DEFLATE = 6,
};

/* A share of repeated anchors in bytes: by chance there are next to none. */
#define FEW_REPEATS 0.02

/* Entropy from which on matches are short, if there are any. */
#define SHORT_MATCHES_BITS 6.5

/* Matches decode more slowly than symbols, so they must get a sample below this share. */
#define LZ_MUST_REACH 0.98

/* With fewer equal neighbours than this, and about as many as by chance, matches gain
   nothing. */
#define MANY_EQUAL 0.3
#define MUCH_MORE_EQUAL 2

/* `ans` comes this near to a plane's entropy, plus some bytes for tables and states. */
#define ANS_REACHES 1.004
#define ANS_TABLES 256

/* A coder and how hard it tries. */
struct candidate {
	uint8_t coder;
	int effort;
};

static const struct candidate symbols = { CODER_ZSTD, CODER_SYMBOLS_ONLY },
							  ans = { CODER_ANS, 0 }, ans_wide = { CODER_ANS_WIDE, 0 },
							  lz_fast = { CODER_ZSTD, EFFORT_LZ_FAST },
							  lz_good = { CODER_ZSTD, EFFORT_LZ_GOOD },
							  deflate = { CODER_DEFLATE, EFFORT_DEFLATE },
							  strong = { CODER_ZSTD, EFFORT_STRONG };

/*
 * The length of the plane by this candidate in c->candidate, or 0: not within `capacity`.
 */
static size_t try_candidate(struct codec *c, const struct candidate *with,
	const uint8_t *in, uint32_t n, size_t capacity)
{
	return coder_find(with->coder)
		->encode(c->coders, with->effort, in, n, c->candidate, capacity);
}

/* Whether the candidate codes the sample in less than `capacity` bytes; `*least` is its
   length then. */
static bool beats(struct codec *c, const struct candidate *with, const uint8_t *sample,
	uint32_t n, size_t capacity, size_t *least)
{
	size_t len = try_candidate(c, with, sample, n, capacity);

	if (!len)
		return false;
	*least = len;
	return true;
}

/* Keep the candidate's result for the whole plane if it is smaller. */
static void keep_if_smaller(struct codec *c, const struct candidate *with,
	const uint8_t *in, uint32_t n, uint8_t *best, struct body_plane *plane)
{
	size_t len;

	if (plane->stored_len < 2)
		return;
	len = try_candidate(c, with, in, n, plane->stored_len - 1);
	if (!len)
		return;
	memcpy(best, c->candidate, len);
	plane->coder = with->coder;
	plane->stored_len = (uint32_t)len;
}

/* A slow coder, if a piece from the plane's middle says that it pays; or NULL. */
static const struct candidate *slow_that_pays(struct codec *c, const uint8_t *in,
	uint32_t n, uint32_t stored_len, bool deflate_too, bool strong_too)
{
	uint32_t len = n < SAMPLE ? n : SAMPLE;
	const uint8_t *piece = in + (n - len) / 2;
	const struct candidate *best = NULL;
	size_t least = len, share = (size_t)((uint64_t)len * stored_len / n);

	if (!deflate_too && !strong_too)
		return NULL;
	(void)beats(c, &symbols, piece, len, least, &least);
	/* The present coder finds matches in the plane that the piece alone doesn't have. */
	if (2 * share < least)
		least = share;
	/* Deflate finds short matches better, but is very slow where there are many. */
	if (deflate_too && beats(c, &deflate, piece, len, least - least / 64, &least))
		best = &deflate;
	if (strong_too && beats(c, &strong, piece, len, least - least / 10, &least))
		best = &strong;
	return best;
}

/*
 * Matches in planes of floats are rare, so pieces decide. The first piece must come near
 * the coder of symbols, and one of three must beat it; a miss costs one try on one piece.
 */
static void plan_lz_by_sample(struct codec *c, const uint8_t *in, uint32_t n,
	uint8_t *out, struct body_plane *plane)
{
	static const uint8_t quarters[] = { 2, 1, 3 };
	size_t capacity = (size_t)((double)SAMPLE * plane->stored_len / n * LZ_MUST_REACH),
		   len = SAMPLE;

	for (unsigned k = 0; k < 3; k++) {
		const uint8_t *piece = in + (uint64_t)(n - SAMPLE) * quarters[k] / 4;

		if (!beats(c, &lz_fast, piece, SAMPLE, k ? capacity : capacity + capacity / 8,
				&len) &&
			!k)
			return;
		if (len > capacity)
			continue;
		keep_if_smaller(c, &lz_good, in, n, out, plane);
		return;
	}
}

/* Whether matches beat the present coder in one of three pieces, or there are distant
   ones. */
static bool has_matches(struct codec *c, const uint8_t *in, uint32_t n,
	uint32_t stored_len)
{
	size_t capacity = (size_t)((uint64_t)SAMPLE * stored_len / n), len;
	struct repeats repeats;

	for (unsigned quarter = 1; quarter < 4; quarter++) {
		if (beats(c, &lz_fast, in + (uint64_t)(n - SAMPLE) * quarter / 4, SAMPLE,
				capacity, &len))
			return true;
	}
	figures_repeats(in, n, 1, &repeats);
	return repeats.eights > FEW_REPEATS;
}

/* Slower searches by rules, where the fast one gained so much that looking harder may
   pay. */
static void plan_lz_by_rules(struct codec *c, const uint8_t *in, uint32_t n, bool noisy,
	enum look look, uint32_t without, uint8_t *out, struct body_plane *plane)
{
	const struct candidate *slow = NULL;
	uint32_t fast = plane->stored_len;

	/*
	 * Where there are many matches, a harder search finds better ones, at twice the time.
	 */
	if (look >= LOOK_GOOD && n >= LARGE && fast < without - without / 4)
		keep_if_smaller(c, &lz_good, in, n, out, plane);
	/* If that gained little, weighing matches against each other gains nothing. */
	if (look >= LOOK_ALL)
		slow = slow_that_pays(c, in, n, plane->stored_len,
			noisy || look == LOOK_ALL || n < SAMPLE,
			plane->stored_len < fast - fast / 25);
	if (slow)
		keep_if_smaller(c, slow, in, n, out, plane);
}

/* As plan_lz_by_rules(), as the network decides. */
static void plan_lz_by_network(struct codec *c, const uint8_t *in, uint32_t n,
	const float *inputs, uint8_t *out, struct body_plane *plane)
{
	static const struct candidate *const candidates[N_CHOICES] = {
		[CHOICE_GOOD] = &lz_good, [CHOICE_DEFLATE] = &deflate, [CHOICE_STRONG] = &strong
	};
	bool tries[N_CHOICES];

	choose_matches(inputs, tries);
	for (unsigned k = 0; k < N_CHOICES; k++) {
		if (tries[k] && candidates[k])
			keep_if_smaller(c, candidates[k], in, n, out, plane);
	}
}

/* Try matches, and stop early where figures say that no search can win. */
static void plan_lz(struct codec *c, const uint8_t *in, uint32_t n,
	const struct figures *f, enum look look, uint8_t *out, struct body_plane *plane)
{
	uint32_t without = plane->stored_len;
	float inputs[CHOOSE_INPUTS];

	if (look == LOOK_SAMPLE && n >= 2 * SAMPLE) {
		plan_lz_by_sample(c, in, n, out, plane);
		return;
	}
	/* Deflate is best on so few bytes, as its default tables need no description. */
	if (look == LOOK_ALL && n < SMALL_PART) {
		keep_if_smaller(c, &deflate, in, n, out, plane);
		return;
	}
	if (look == LOOK_ALL && n >= 2 * SAMPLE && !has_matches(c, in, n, without))
		return;
	keep_if_smaller(c, n < LARGE ? &lz_good : &lz_fast, in, n, out, plane);
	/* No search improves that much on a fast one. */
	if (plane->stored_len / 4 * 3 > c->goal)
		return;
	if (c->chooser == CHOOSER_RULES || n < SMALL_PART) {
		plan_lz_by_rules(c, in, n, f->entropy > SHORT_MATCHES_BITS, look, without, out,
			plane);
		return;
	}
	choose_inputs(in, n, f, look, without, plane->stored_len, inputs);
	if (c->observer)
		c->observer->see(c->observer, c, inputs, in, n);
	plan_lz_by_network(c, in, n, inputs, out, plane);
}

/*
 * States and tables make `ans` costly for short planes. On mixed data zstd can win with
 * its tables per block. Where `ans` reaches the entropy of the whole, zstd isn't tried.
 */
static void plan_symbols(struct codec *c, const uint8_t *in, uint32_t n, double entropy,
	enum look look, uint8_t *out, struct body_plane *plane)
{
	double least = n * entropy / 8;

	if (n >= ANS_MIN_BYTES)
		keep_if_smaller(c, n >= ANS_WIDE_MIN_BYTES ? &ans_wide : &ans, in, n, out, plane);
	if (n < 4 * ANS_MIN_BYTES || look >= LOOK_ALL ||
		plane->stored_len > least * ANS_REACHES + ANS_TABLES)
		keep_if_smaller(c, &symbols, in, n, out, plane);
}

/* Long enough for matches to gain: clearly more than chance, or very many. */
static bool runs_are_long(const struct figures *f, uint32_t n)
{
	return figures_have_runs(f, n) &&
		(f->run_excess > MUCH_MORE_EQUAL || f->run_excess * f->chance > MANY_EQUAL);
}

/* The counts are handed to the coders, which would count again otherwise. */
void plan_plane(struct codec *c, const uint8_t *in, uint32_t n, bool lz, enum look look,
	uint8_t *out, struct body_plane *plane)
{
	struct figures f;

	if (n > 1 && in[0] == in[n - 1] && memcmp(in, in + 1, n - 1) == 0) {
		out[0] = in[0];
		*plane = (struct body_plane){ CODER_CONSTANT, 1 };
		return;
	}
	*plane = (struct body_plane){ CODER_RAW, n };
	if (!lz && n >= LARGE && figures_noise_in_sample(in, n)) {
		memcpy(out, in, n);
		return;
	}
	figures_measure(in, n, &f);
	coder_set_counts(c->coders, f.counts);
	if (f.entropy < FIGURES_NOISE_BITS)
		plan_symbols(c, in, n, f.entropy, look, out, plane);
	coder_set_counts(c->coders, NULL);
	if (lz || n < SMALL_PART || runs_are_long(&f, n))
		plan_lz(c, in, n, &f, look, out, plane);
	if (plane->coder == CODER_RAW)
		memcpy(out, in, n);
}

bool plan_sample_shrinks(struct codec *c, const uint8_t *in, uint32_t n, size_t capacity)
{
	size_t len;

	return beats(c, &lz_fast, in + (n - SAMPLE) / 2, SAMPLE, capacity, &len);
}
