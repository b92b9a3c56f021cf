# ISP Billing.  `make` builds, `make run` starts the whole system in var/, `make test` proves it.
# All that is made lies in $(B): obj/ (strict), san/ (ASan, UBSan), mem/ (for valgrind), fuzz/,
# cov/ (for gcov), gen/ (statements of sql/queries), bin/, unit/, web/ (the screens), lint/ (one
# stamp for each file and tool).  Only npm's packages lie elsewhere: in app/web/node_modules.

VERSION = 0.1.0
B      ?= build
PREFIX ?= /usr

# ---- tools and flags ---------------------------------------------------------------------------

# Formatters, analysers and -Werror bind on Debian 12 only: other compilers warn of other things.
BINDING := $(shell . /etc/os-release 2>/dev/null; [ "$$ID$$VERSION_ID" = debian12 ] && echo yes)
first    = $(firstword $(foreach x,$(1),$(shell command -v $(x) 2>/dev/null)) $(firstword $(1)))

CC      = gcc
CLANG   = $(call first,clang-14 clang)
PYTHON  = /usr/bin/python3
PYTEST  = PYTHONPYCACHEPREFIX=$(abspath $(B))/pycache ISP_BUILD=$(abspath $(B)) ISP_STACK_FAST=1 \
          $(PYTHON) -m pytest -q -p no:cacheprovider

LIBS    = libpq libcjson libcurl openssl libsodium libcrypt expat zlib netsnmp liboping libqrencode
# Asked for once, and only when something is compiled: scripts/deps may just have installed them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS)))$(PKG_CFLAGS)
# libcrypt whatever the linker thinks: ASan's own crypt_r() calls it, and hides that it is needed.
PKG_LIBS   = $(eval PKG_LIBS := -Wl,--no-as-needed -lcrypt -Wl,--as-needed $(shell pkg-config --libs $(LIBS)) -lfcgi -lhpdf -lm)$(PKG_LIBS)

WARN    = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
          -Wpointer-arith -Wwrite-strings -Wcast-qual -Wvla -Wundef -Wformat=2 \
          -Wimplicit-fallthrough -Wno-missing-field-initializers
WERROR  = $(if $(BINDING),-Werror)
HARDEN  = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
          -fcf-protection -fPIE
DIALECT = -std=gnu17 -D_GNU_SOURCE -DISP_VERSION='"$(VERSION)"' -fno-common -g -Ilib -I$(B)/gen
TESTS    = -Itest/unit -Wno-write-strings # argv is written down in place
SANITIZE = -fsanitize=address,undefined,float-cast-overflow -fno-omit-frame-pointer

# Five builds of the same sources.  The sanitizers make gcc 12 warn falsely, so no -Werror there, and
# what they check needs no optimizer: -O0 compiles in half of the time of -O1.
COMPILE_obj  = $(CC) $(DIALECT) -O2 $(WARN) $(WERROR) $(HARDEN)
COMPILE_san  = $(CC) $(DIALECT) -O0 $(WARN) $(SANITIZE) -DARENA_DEBUG
COMPILE_mem  = $(CC) $(DIALECT) -O1 $(WARN) -DARENA_DEBUG
COMPILE_cov  = $(CC) $(DIALECT) -O0 --coverage -fprofile-update=atomic $(WARN) -DARENA_DEBUG
COMPILE_fuzz = $(CLANG) $(DIALECT) -O1 $(SANITIZE) -fsanitize=fuzzer-no-link -DARENA_DEBUG
LINK_obj     = $(CC) -pie -Wl,-z,relro,-z,now
LINK_san     = $(CC) $(SANITIZE)
LINK_mem     = $(CC)
LINK_cov     = $(CC) --coverage
LINK_fuzz    = $(CLANG) $(SANITIZE) -fsanitize=fuzzer

# make V=1 shows the commands, otherwise one line a file.
Q   = $(if $(V),,@)
say = @$(if $(V),:,echo "$(1)")

# ---- what there is -----------------------------------------------------------------------------

LIB_SRC   := $(wildcard lib/*/*.c)
APP_DIRS  := $(patsubst app/%/main.c,%,$(wildcard app/*/main.c))
APP_SRC   := $(foreach a,$(APP_DIRS),$(wildcard app/$(a)/*.c))
QUERIES   := $(wildcard sql/queries/*.sql)
GEN_SRC   := $(if $(QUERIES),$(B)/gen/sql.c)
UNIT_SRC  := $(wildcard test/unit/*/test_*.c)
FUZZ_SRC  := $(wildcard test/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard test/bench/*.c)
# All that the fuzz targets call lies in these directories.
FUZZ_LIB  := $(foreach d,base http message monitor net,$(filter lib/$(d)/%,$(LIB_SRC)))
C_ALL     := $(LIB_SRC) $(APP_SRC) $(UNIT_SRC) $(FUZZ_SRC) $(BENCH_SRC)
H_ALL     := $(wildcard lib/*/*.h app/*/*.h test/unit/*.h test/*/*.h)
MAN       := $(wildcard app/*/*.8 app/*/*.5)
PY        := $(wildcard test/*/*.py test/*/*/*.py) $(shell grep -lsE '^\#!.*python3' scripts/* test/bench/* test/sim/*)
SH        := $(shell grep -lsE '^\#!/bin/(ba)?sh' .ci/* scripts/* test/*/*)

bin_name   = $(B)/bin/$(if $(filter api,$(1)),isp-api,$(1))
PROGRAMS  := $(foreach a,$(APP_DIRS),$(call bin_name,$(a)))
UNITS     := $(UNIT_SRC:test/unit/%.c=$(B)/unit/%)
MEMCHECKS := $(UNIT_SRC:test/unit/%.c=$(B)/memcheck/%)
COVERS    := $(UNIT_SRC:test/unit/%.c=$(B)/cover/%)
FUZZERS   := $(FUZZ_SRC:test/fuzz/fuzz_%.c=$(B)/fuzzers/%)
BENCHES   := $(BENCH_SRC:test/bench/%.c=$(B)/bench/%)

.PHONY: build programs deps run test lane-systems lane-rest quick lint lint-files lint-deep lint-tree unit units memcheck \
        sql-test sim-test api-test cli-test system-test e2e web web-check web-e2e pictures fuzz fuzzers bench cover soak mutate install \
        deb clean compdb \
        top-length FORCE
.DELETE_ON_ERROR:
.SECONDARY:

# make parses the tree before scripts/deps has run, hence the second make.
build:
	@scripts/deps building
	@$(MAKE) --no-print-directory programs

programs: $(PROGRAMS) $(B)/gen/openapi.json $(B)/gen/routes.conf

# The description of the API, for those who generate from it (app/web).  One that says the same
# stays as old as it is.
$(B)/gen/openapi.json: $(B)/bin/isp-api
	$(Q)$< --print-openapi >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The route table for nginx.
$(B)/gen/routes.conf: $(B)/bin/isp-api
	$(Q)$< --print-nginx >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

deps:
	@scripts/deps

# ---- building ----------------------------------------------------------------------------------

$(B)/gen/sql.c: $(QUERIES) scripts/embed-sql.awk | $(B)/gen/sql.h
	@mkdir -p $(@D)
	$(call say,sql $@)
	$(Q)awk -f scripts/embed-sql.awk $(QUERIES) > $@
$(B)/gen/sql.h: $(QUERIES) scripts/embed-sql.awk
	@mkdir -p $(@D)
	$(call say,sql $@)
	$(Q)awk -v h=1 -f scripts/embed-sql.awk $(QUERIES) > $@

# Changes only when a source comes or goes, so that an archive never keeps what was deleted.
$(B)/sources: FORCE
	@mkdir -p $(@D)
	@echo $(LIB_SRC) $(QUERIES) | cmp -s - $@ || echo $(LIB_SRC) $(QUERIES) > $@
$(B)/gen/sql.c $(B)/gen/sql.h: $(if $(QUERIES),$(B)/sources)

# libisp.a of a flavour, which the programs and the tests link.
lib_src = $(if $(filter fuzz,$(1)),$(FUZZ_LIB),$(LIB_SRC))
define flavour
$(B)/$(1)/%.o: %.c Makefile | $(GEN_SRC)
	@mkdir -p $$(@D)
	$$(call say,cc $(1) $$<)
	$$(Q)$$(COMPILE_$(1)) $$(if $$(filter test/%,$$<),$$(TESTS)) $$(PKG_CFLAGS) -MMD -MP -c -o $$@ $$<
$(B)/$(1)/gen/sql.o: $(B)/gen/sql.c Makefile
	@mkdir -p $$(@D)
	$$(call say,cc $(1) $$<)
	$$(Q)$$(COMPILE_$(1)) -MMD -MP -c -o $$@ $$<
$(B)/$(1)/libisp.a: $(patsubst %.c,$(B)/$(1)/%.o,$(call lib_src,$(1))) $(GEN_SRC:%.c=$(B)/$(1)/gen/sql.o) $(B)/sources
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(foreach f,obj san mem cov fuzz,$(eval $(call flavour,$(f))))

define program
$(call bin_name,$(1)): $(patsubst %.c,$(B)/obj/%.o,$(wildcard app/$(1)/*.c)) $(B)/obj/libisp.a
	@mkdir -p $$(@D)
	$$(call say,link $$@)
	$$(Q)$$(LINK_obj) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach a,$(APP_DIRS),$(eval $(call program,$(a))))

$(B)/unit/%: $(B)/san/test/unit/%.o $(B)/san/libisp.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(LINK_san) -o $@ $^ -lcmocka $(PKG_LIBS)
$(B)/memcheck/%: $(B)/mem/test/unit/%.o $(B)/mem/libisp.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(LINK_mem) -o $@ $^ -lcmocka $(PKG_LIBS)
$(B)/cover/%: $(B)/cov/test/unit/%.o $(B)/cov/libisp.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(LINK_cov) -o $@ $^ -lcmocka $(PKG_LIBS)
$(B)/fuzzers/%: $(B)/fuzz/test/fuzz/fuzz_%.o $(B)/fuzz/libisp.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(LINK_fuzz) -o $@ $^ $(PKG_LIBS)
$(B)/bench/%: $(B)/obj/test/bench/%.o $(B)/obj/libisp.a
	@mkdir -p $(@D)
	$(call say,link $@)
	$(Q)$(LINK_obj) -o $@ $^ $(PKG_LIBS)

# ---- the screens -------------------------------------------------------------------------------

# make web: the operators' console, built into $(B)/web, which nginx serves.  Each step has a stamp:
# packages when the lock file changes, types when the API's description does, the build when a source
# does.  A change in C that leaves the description as it is rebuilds nothing here.
WEB      := app/web
WEB_SRC  := $(shell find $(WEB)/console $(WEB)/*.json $(WEB)/*.ts -type f ! -name schema.d.ts 2>/dev/null)
NPM_DONE := $(WEB)/node_modules/.package-lock.json
SCHEMA   := $(WEB)/console/src/api/schema.d.ts
OPENAPI  := $(B)/gen/openapi.json

web: $(B)/web/index.html

$(NPM_DONE): $(WEB)/package-lock.json $(WEB)/package.json $(WEB)/.npmrc
	$(call say,npm ci)
	$(Q)cd $(WEB) && npm ci --ignore-scripts --no-fund --no-audit --loglevel=error >/dev/null
	@touch $@

$(SCHEMA): $(OPENAPI) $(NPM_DONE)
	$(call say,types $@)
	$(Q)cd $(WEB) && OPENAPI=$(abspath $(OPENAPI)) npm run --silent types >/dev/null
	@touch $@

$(B)/web/index.html: $(WEB_SRC) $(SCHEMA)
	$(call say,vite $(B)/web)
	$(Q)cd $(WEB) && npm run --silent build -- --outDir $(abspath $(B))/web --logLevel warn
	@touch $@

# Types, style, the kit's unit tests, and that Debian's Node.js runs what we execute.
web-check: $(SCHEMA)
	@scripts/check-web-engines
	@cd $(WEB) && npm run --silent check && npm run --silent unit

# Stories in Debian's Chromium, on a stack of their own: those of the console, those of the pay page
# (make e2e).  A story that fails prints what its page showed.  Ubuntu has no package of Chromium.
STORIES = $(if $(wildcard /usr/bin/chromium),@cd $(WEB) && OUT=$(abspath $(B))/web-test-$(1) ISP_BUILD=$(abspath $(B)) \
	  npx --no-install playwright test --project=$(1) $(if $(K),-g '$(K)') $(N) \
	  || { awk '/^. Error details/ { on = 1 } /^. Test source/ { on = 0 } on' \
	       $(abspath $(B))/web-test-$(1)/*/error-context.md; exit 1; }, \
	  @echo "$@: no Chromium among this release's packages: stories in a browser are left out")
web-e2e: programs web
	$(call STORIES,console)

# Pictures of every screen, to be looked at: make pictures, then $(B)/pictures.
pictures: programs web
	@mkdir -p $(B)/pictures
	@cd $(WEB) && OUT=$(abspath $(B))/web-test ISP_BUILD=$(abspath $(B)) PICTURES=$(abspath $(B))/pictures \
	  npx --no-install playwright test screens states dialogs billing many stories network

-include $(foreach f,obj san mem cov fuzz,$(C_ALL:%.c=$(B)/$(f)/%.d))

# ---- tests -------------------------------------------------------------------------------------

# Everything, in under 20 minutes on 2 cores; the long forms are lint, soak, fuzz, memcheck and bench.
# Two lanes side by side: the tests of a running system, two files at a time, each with a system of its
# own; and all that needs no system or one browser.  The first waits a lot, the second computes.  Each
# begins when what it needs is built: systems run while the unit tests are still compiled.  When one has
# ended, the other compiles and lints on both cores (make's job server is handed down: +).
test: deps
	@$(MAKE) --no-print-directory -j2 lane-systems lane-rest

SIDE_BY_SIDE := -n 2 --dist loadfile

# each(PARTS, VARIABLES): all of them run, also after one has failed, so that a run names everything
# that is wrong.  Each line of output begins with its part: two lanes write at once.  The last lines
# of a failed part are printed again when all have run: some logs keep only their end.
each = rm -f $(B)/failed.$@; for part in $(1); do \
         { $(MAKE) --no-print-directory $$part $(2) 2>&1 || echo $$part >>$(B)/failed.$@; } \
         | sed -u "s/^/$$part: /" | tee $(B)/output.$$part; done; \
       test ! -s $(B)/failed.$@ || { for part in $$(cat $(B)/failed.$@); do tail -n 80 $(B)/output.$$part; done; \
         echo "failed:" $$(cat $(B)/failed.$@); exit 1; }

lane-systems: programs web
	+@$(call each,system-test)

lane-rest: programs units web
	+@$(call each,lint-tree unit sql-test sim-test e2e web-e2e fuzz lint-files,S=10)

# Short enough for a pre-commit hook: below a minute after a change of one file.
quick:
	@$(MAKE) --no-print-directory -j2 programs units
	@scripts/check-layers
	@scripts/check-style
	@scripts/run-units $(UNITS)

units: $(UNITS)
fuzzers: $(FUZZERS)

# make unit [U=db/test_db]: all, or those whose name contains U.
pick = $(if $(U),$(foreach u,$(1),$(if $(findstring $(U),$(u)),$(u))),$(1))
unit: units
	@scripts/run-units $(call pick,$(UNITS))

memcheck: $(MEMCHECKS)
	@scripts/run-units --valgrind $(call pick,$(MEMCHECKS))

# Lines of lib that the unit tests run, in percent; a run below the floor fails.  Raise the floor
# when the figure rises.  The API tests run much of the rest and are not counted.
COVER_FLOOR = 80
cover: $(COVERS)
	@find $(B)/cov -name '*.gcda' -delete
	@scripts/run-units $(COVERS)
	@lcov --quiet --capture --directory $(B)/cov/lib --output-file $(B)/cover.info
	@lcov --summary $(B)/cover.info 2>&1 | awk -v floor=$(COVER_FLOOR) \
	  '/lines\.+:/ { sub("%", "", $$2); print "cover: " $$2 "% of the lines of lib, floor " floor "%"; bad = $$2 + 0 < floor } \
	  END { exit bad }'

sql-test:
	@scripts/run-sql-tests

# make api-test [K=story] [N=-x]: pytest's -k, and more of its options.
api-test: programs
	$(if $(wildcard test/api/test_*.py),$(PYTEST) $(if $(K),-k '$(K)') $(N) test/api)

# The tests' own peers: the simulated router and the plain model of billing.
sim-test:
	$(if $(wildcard test/sim/test_*.py test/model/test_*.py),$(PYTEST) $(SIDE_BY_SIDE) $(N) test/sim test/model)

cli-test: programs
	$(if $(wildcard test/cli/test_*.py),$(PYTEST) $(if $(K),-k '$(K)') $(N) test/cli)

# Both in one run, so that neither of the two workers waits for the other in between.  The files of
# test/cli come first: the last files of test/api are short.
system-test: programs
	$(PYTEST) $(SIDE_BY_SIDE) test/cli test/api

# The page customers pay on, in a browser.
e2e: programs $(NPM_DONE)
	$(call STORIES,pay)

# make fuzz [T=shape] [S=60]: each for S seconds; what it finds lands in $(B)/fuzzers.
S ?= 60
fuzz: fuzzers
	@scripts/run-fuzzers $(S) $(if $(T),$(filter %/$(T),$(FUZZERS)),$(FUZZERS))

bench: programs $(BENCHES)
	@scripts/deps building running testing measuring
	ISP_BUILD=$(abspath $(B)) test/bench/run

# The long form of what `make test` does in seconds: the hammer, the model's year, the outages, the
# analyzers.
soak: programs
	ISP_SOAK=1 $(PYTEST) $(if $(K),-k '$(K)') $(N) test/api test/cli test/model
	scripts/mutate --n 200 || :
	@$(MAKE) --no-print-directory lint-deep

# make mutate [N=100] [SEED=] [AT=path] [BUDGET=minutes]: mistakes that no test notices.
N ?=
mutate: programs
	@scripts/mutate $(if $(filter-out -%,$(N)),--n $(N)) $(if $(SEED),--seed $(SEED)) $(if $(AT),--at $(AT)) \
	  $(if $(BUDGET),--budget $(BUDGET))

# make run [PORT=9000]: the whole system in var/.
run:
	@scripts/run --plan
	@scripts/deps building running
	@$(MAKE) --no-print-directory programs web
	@scripts/run $(if $(PORT),--port $(PORT))

# ---- lint --------------------------------------------------------------------------------------

lint: lint-files lint-deep lint-tree

# gcc 12 sees leaks where a pointer moves into a struct: ASan and valgrind look for the real ones.
# A stamp hangs on the object, which hangs on all headers: what is unchanged is not looked at again.
stamps = $(patsubst %,$(B)/lint/%.$(1),$(2))
ifeq ($(BINDING),yes)
lint-files: $(call stamps,format,$(C_ALL) $(H_ALL)) $(call stamps,tidy,$(LIB_SRC) $(APP_SRC)) \
            $(call stamps,cppcheck,$(LIB_SRC) $(APP_SRC)) $(call stamps,strict,$(UNIT_SRC))
# The analyzers of clang and gcc follow paths, and take ten times as long as all the rest: they are
# in `make lint` and soak, not in `make test`.
lint-deep: $(call stamps,clang,$(LIB_SRC) $(APP_SRC)) $(call stamps,analyzer,$(LIB_SRC) $(APP_SRC))
else
lint-files lint-deep:
	@echo "$@: not Debian 12: clang-format, clang-tidy, cppcheck and gcc -fanalyzer left out"
endif

CPPCHECK = cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -Ilib -I$(B)/gen \
           --enable=warning,performance,portability --suppress=missingIncludeSystem \
           --suppress=varFuncNullUB -D__cppcheck__ -D_GNU_SOURCE -DISP_VERSION='""'

$(B)/lint/%.format: % .clang-format
	@mkdir -p $(@D)
	@clang-format-14 --dry-run -Werror $< && touch $@
define tidy
	@mkdir -p $(@D)
	@echo $(1) $*.c
	@clang-tidy-14 --quiet --checks='$(2)' $*.c -- $(DIALECT) $(PKG_CFLAGS) 2>$@.err >$@.out || \
	  { cat $@.out; grep -E 'error:' $@.err; exit 1; }
	@touch $@
endef
$(B)/lint/%.c.tidy: $(B)/obj/%.o .clang-tidy
	$(call tidy,clang-tidy,-clang-analyzer-*)
CLANG_CHECKS := -*,clang-analyzer-*,-clang-analyzer-optin.performance.Padding,$\
                -clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.Uninitialized
comma := ,
$(B)/lint/%.c.clang: $(B)/obj/%.o .clang-tidy
	$(call tidy,clang-analyzer,$(CLANG_CHECKS))
$(B)/lint/%.c.cppcheck: $(B)/obj/%.o
	@mkdir -p $(@D)
	@$(CPPCHECK) $*.c && touch $@
$(B)/lint/%.c.analyzer: $(B)/obj/%.o
	@mkdir -p $(@D)
	@echo analyzer $*.c
	@$(COMPILE_obj) $(PKG_CFLAGS) -fanalyzer -Wno-analyzer-malloc-leak -c -o $@.o $*.c && rm $@.o && touch $@
$(B)/lint/%.c.strict: $(B)/san/%.o
	@mkdir -p $(@D)
	@$(COMPILE_obj) $(TESTS) $(PKG_CFLAGS) -fsyntax-only $*.c && touch $@

lint-tree: web-check
	@scripts/check-layers
	@scripts/check-style
	@$(if $(SH),shellcheck $(SH))
	@$(if $(PY),PYTHONPYCACHEPREFIX=$(abspath $(B))/pycache $(PYTHON) -m compileall -q $(PY))
	@$(if $(MAN),mandoc -Tlint -W warning $(MAN))
	@scripts/db run -- sh -c 'scripts/db lint --dir "$$TEST_DB_DIR" --name isp_test'

top-length:
	@scripts/top-length

# ---- the rest ----------------------------------------------------------------------------------

compdb:
	bear --output $(B)/compile_commands.json -- $(MAKE) -B programs

# The files of a server, below DESTDIR.  Made anew as a whole, so that nothing stale stays; what the
# sysadmin owns (isp.env, nginx/listen.conf, origins.conf) is not among them.
ETC     = $(DESTDIR)/etc/isp-billing
SHARE   = $(DESTDIR)$(PREFIX)/share/isp-billing
UNITDIR = $(DESTDIR)/usr/lib/systemd
SERVER_SCRIPTS = scripts/setup scripts/schema scripts/backup scripts/restore scripts/restore-test scripts/db
install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	for page in $(MAN); do install -m 644 $$page \
	  $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$(basename $$page | sed 's/^api[.]8$$/isp-api.8/'); done
	rm -rf $(SHARE)
	install -d $(SHARE)/scripts $(SHARE)/nginx
	cp -R sql $(SHARE)/sql
	rm -f $(SHARE)/sql/seed/dev_admin.sql $(SHARE)/sql/seed/demo.sql
	cp -R $(dir $(firstword $(wildcard built/web/index.html $(B)/web/index.html) nginx/html/index.html)) $(SHARE)/web
	cp -R app/web/pay $(SHARE)/web/pay
	install -m 755 $(SERVER_SCRIPTS) $(SHARE)/scripts
	$(B)/bin/isp-api --help | awk -f scripts/env-example.awk >$(SHARE)/isp.env.example
	install -d $(ETC)/nginx
	install -m 644 nginx/fastcgi.conf $(B)/gen/routes.conf $(ETC)/nginx
	sed -e 's|@LISTEN@|include /etc/isp-billing/nginx/listen.conf;|' \
	    -e 's|@SOCKETS@|/run/isp-billing|' -e 's|@CONF@|/etc/isp-billing/nginx|' \
	    -e 's|@WEB@|$(PREFIX)/share/isp-billing/web|' \
	    -e 's|@PAY@|$(PREFIX)/share/isp-billing/web|' -e 's|@LOG@|/var/log/nginx/isp.log|' \
	    nginx/isp.conf > $(ETC)/nginx/isp.conf
	install -d $(UNITDIR)/system $(DESTDIR)/usr/lib/sysusers.d $(DESTDIR)/usr/lib/tmpfiles.d
	install -m 644 $(foreach x,service timer socket,$(wildcard systemd/*.$(x))) $(UNITDIR)/system
	install -m 644 systemd/sysusers.d/* $(DESTDIR)/usr/lib/sysusers.d
	install -m 644 systemd/tmpfiles.d/* $(DESTDIR)/usr/lib/tmpfiles.d

# The Debian package, from what git knows and the screens, in built/web since its clean empties build:
# $(B)/deb/isp-billing_VERSION_ARCH.deb.
DEB = $(B)/deb/isp-billing-$(VERSION)
deb:
	@scripts/deps building packaging
	@$(MAKE) --no-print-directory programs web
	rm -rf $(B)/deb && mkdir -p $(DEB)
	git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C $(DEB)
	mkdir -p $(DEB)/built && cp -R $(B)/web $(DEB)/built/
	cd $(DEB) && sed -i '1s/([^)]*)/($(VERSION))/' debian/changelog && dpkg-buildpackage -us -uc -b
	lintian --fail-on error $(B)/deb/*.changes

clean:
	rm -rf $(B)
