/* SPDX-License-Identifier: MIT */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

int fl_library_load(const char *file, const char *title, const struct fl_symbol *symbols,
		    size_t count, void *table, struct fl_error *reterr)
{
	/* NODELETE: what a library does at exit and in threads must not outlive its code. */
	void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
	const char *missing = NULL;

	if (!library)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "%s cannot be loaded: %s", title, dlerror());
	for (size_t i = 0; i < count && !missing; i++)
		if (!dlsym(library, symbols[i].name))
			missing = symbols[i].name;
	for (size_t i = 0; i < count && !missing; i++) {
		void *symbol = dlsym(library, symbols[i].name);

		memcpy((char *)table + symbols[i].at, &symbol, sizeof(symbol));
	}
	dlclose(library);
	if (missing)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE, "%s has no %s", file,
				    missing);
	return 0;
}
