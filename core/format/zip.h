/* SPDX-License-Identifier: MIT */
/* The records of a zip archive (APPNOTE 6.3.9, 4.3.7, 4.3.12 and 4.3.16), as far as .npz
   uses them. */
#ifndef ALCM_FORMAT_ZIP_H
#define ALCM_FORMAT_ZIP_H

enum zip_signature {
	ZIP_LOCAL = 0x04034b50,   /* before a member's bytes */
	ZIP_CENTRAL = 0x02014b50, /* a member's entry in the directory */
	ZIP_END = 0x06054b50,     /* behind the directory */
	ZIP64_END = 0x06064b50,
	ZIP64_LOCATOR = 0x07064b50,
	/* after a member whose length wasn't known at its start */
	ZIP_DESCRIPTOR = 0x08074b50,
};

/* Bytes of the records, without the name, extra field and comment that follow. */
enum { ZIP_LOCAL_BYTES = 30, ZIP_CENTRAL_BYTES = 46, ZIP_END_BYTES = 22 };

enum { ZIP64_LOCATOR_BYTES = 20, ZIP_DESCRIPTOR_BYTES = 16, ZIP64_DESCRIPTOR_BYTES = 24 };

enum zip_method { ZIP_STORED = 0, ZIP_DEFLATED = 8 };

enum {
	ZIP_FLAG_ENCRYPTED = 1,
	ZIP_FLAG_DESCRIPTOR = 8,
	ZIP_MAX_COMMENT = 65535,
	ZIP64_EXTRA = 1,       /* tag of the extra field with sizes of 64 bits */
	ZIP64_EXTRA_BYTES = 20 /* both sizes included */
};

#define ZIP64_IN_EXTRA 0xffffffffu /* a size that is in the extra field */

#endif
