# tutti. `make` leaves build/tutti; `make help` lists the rest.
#
# One makefile for the whole tree. A configuration (release, debug, asan, tsan, fuzz) and a compiler
# are a folder under build/, so that they live side by side: build/release, build/asan-clang, …

CONFIG ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
COMPILER := $(notdir $(lastword $(CC)))
BUILD    := build/$(CONFIG)$(if $(filter-out gcc cc,$(COMPILER)),-$(COMPILER))

# make V=1 shows whole commands; LTO=-flto optimises over files; SECONDS_EACH is for fuzz; UNIT are
# the arguments of the unit tests, as in make unit UNIT='--filter buffer/*'; JOBS and SEED are for
# reference, SEEDS and SIM for sim.
V            ?=
LTO          ?=
SECONDS_EACH ?= 10
FUZZ_SEED    ?=
CLUSTER_SECONDS ?= 240
UNIT         ?=
UNIT_JOBS    ?= $(shell echo $$((2 * $$(nproc))))
JOBS         ?= 3000
SEED         ?= $(shell date +%s)
SEEDS        ?= 1..20
ANALYZER_NODES ?= 30000
SIM          ?= --until 30s
Q            := $(if $(V),,@)
say           = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)')

CPPFLAGS += -D_GNU_SOURCE -Isrc -Iinclude -I.
WARN     := -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wstrict-prototypes -Wvla -Werror
FLAGS    := -std=gnu17 $(WARN) -g -pthread
FLAGS_release := -O3 $(LTO)
FLAGS_debug   := -O0 -fno-omit-frame-pointer
# A sanitizer says functions and lines, which -g1 has: a third less to compile than -g.
FLAGS_asan    := -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=all
FLAGS_tsan    := -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread
FLAGS_fuzz    := -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
                 -fno-sanitize-recover=all
CFLAGS   += $(FLAGS) $(FLAGS_$(CONFIG))
LIBS     := -lz -lzstd -llz4 -llzma -lbz2 -lpcre2-8 -lxxhash -luring -lcrypto -ldl -lm
# Sanitizers bring an allocator of their own: see base/heap.c.
LIBS     += $(if $(filter release debug,$(CONFIG)),-ljemalloc)
COMPILE   = $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP

files     = $(if $(wildcard $(1)),$(sort $(shell find $(wildcard $(1)) -name '$(2)')))
SOURCES  := $(call files,src,*.c)
TESTS    := $(call files,test,*_test.c) $(call files,test,*_fixture.c)
FUZZERS  := $(call files,test/fuzz,*_fuzz.c)
PLUGINS  := $(patsubst %.c,$(BUILD)/%.so,$(call files,test/fixtures,*_plugin.c))
PROGRAMS := $(patsubst %_program.c,$(BUILD)/%,$(call files,test/fixtures,*_program.c))
SIM_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter src/sim/%,$(SOURCES)))
OBJECTS  := $(filter-out $(SIM_OBJECTS),$(SOURCES:%.c=$(BUILD)/%.o))
MAIN     := $(BUILD)/src/cli/main.o
TEST_OBJECTS := $(TESTS:%.c=$(BUILD)/%.o)
# The C that is ours to format: everything that is not generated.
C_FILES  := $(foreach ext,c h,$(call files,src include test bench,*.$(ext)))

.PHONY: all build/tutti debug asan tsan unit unit-build plugins test soak lint clang-tidy cppcheck
.PHONY: format format-check layers purity tidy bench fuzz fuzz-run install help clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: build/tutti ## build/tutti, the release: optimised, assertions on

build/tutti: $(BUILD)/tutti
	@ln -sfn $(<:build/%=%) $@

debug asan tsan: ## the same in build/NAME/tutti: to debug; with sanitizers
	+$(Q)$(MAKE) --no-print-directory CONFIG=$@ CC='$(CC)' one
.PHONY: one
one: $(BUILD)/tutti

$(BUILD)/tutti: $(OBJECTS) $(BUILD)/flags
	$(call say,link,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(LIBS)

# The simulator: the node over simulated io. What it needs is taken out of an archive, so that a node
# which begins to need more of io/ does not link until sim/ has it. io/whole_file.c and io/summed_file.c
# are over file.h, io/talk.c over io.h; cli/client_answer.c reads replies.
WORLD := $(BUILD)/libnode.a
$(WORLD): $(filter-out $(BUILD)/src/cli/% $(BUILD)/src/io/% $(BUILD)/src/work/%,$(OBJECTS)) \
          $(addprefix $(BUILD)/src/,io/whole_file.o io/summed_file.o io/talk.o cli/client_answer.o)
build/tutti-sim: $(BUILD)/tutti-sim ## the simulator: docs/sim.md
	@ln -sfn $(<:build/%=%) $@
$(BUILD)/tutti-sim: $(SIM_OBJECTS) $(WORLD) $(BUILD)/flags
	$(call say,link,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(SIM_OBJECTS) $(WORLD) $(LIBS)

# The simulator must find what is planted: bugs of others' engines, a patch each. NAMES='…' tries
# some of them, MUTANTS are more options of tools/mutants.
NAMES ?=
mutants: build/tutti-sim ## plant the bugs of test/mutants one by one: the simulator finds each
	$(Q)tools/mutants --compile '$(CC) $(CPPFLAGS) $(filter-out -Werror,$(FLAGS)) -w -O1' \
	    --link '$(CC) $(CFLAGS) $(LDFLAGS)' --objects '$(SIM_OBJECTS) $(WORLD)' --libs '$(LIBS)' \
	    --build $(BUILD) $(MUTANTS) $(NAMES)
.PHONY: mutants

# Objects are made again when the command that makes them changes.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@

# The machines of core/ are compiled with the words poisoned that would make them impure.
$(BUILD)/src/core/%.o: private CPPFLAGS += -include src/core/pure.h

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,cc,$<)
	$(Q)$(COMPILE) -c -o $@ $<

# --- tests -------------------------------------------------------------------------------------

# What tests load and start. Plug-ins see the public header alone, as a stranger's would.
plugins: $(PLUGINS) $(PROGRAMS)
$(BUILD)/test/fixtures/%_plugin.so: test/fixtures/%_plugin.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,so,$<)
	$(Q)$(CC) -std=gnu17 $(WARN) -O2 -g -Iinclude -MMD -MP -MF $(@:.so=.d) -fPIC -shared -o $@ $<

# Criterion's runner wants memory where the thread sanitizer has its own, which in turn wants
# addresses where older kernels put them; and it is slow under the address sanitizer.
RUNNER_asan := $(BUILD)/test/plain_runner.o
RUNNER_tsan := $(RUNNER_asan)
RUN_tsan     = $(shell setarch -R true 2>/dev/null && echo setarch -R)
RUN_asan    := env LSAN_OPTIONS=suppressions=test/leaks.supp:print_suppressions=0
# Of the simulator, what needs no simulated world: histories and their checkers, disks, plans.
SIM_PLAIN := $(filter $(addprefix $(BUILD)/src/sim/,check% history% names.o agenda.o disk.o plan.o crowd%), \
                      $(SIM_OBJECTS))
UNIT_OBJECTS = $(TEST_OBJECTS) $(SIM_PLAIN) $(filter-out $(MAIN),$(OBJECTS)) $(RUNNER_$(CONFIG))

$(PROGRAMS): $(BUILD)/%: $(BUILD)/%_program.o $(OBJECTS) $(BUILD)/flags
	$(call say,link,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter-out $(MAIN),$(OBJECTS)) $(LIBS)

$(BUILD)/unit: $(UNIT_OBJECTS) $(BUILD)/flags
	$(call say,link,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(UNIT_OBJECTS) $(LIBS) -lcriterion

unit-build: $(BUILD)/unit $(BUILD)/tutti plugins
unit: unit-build ## build and run the unit tests; CONFIG=asan and CONFIG=tsan too
	$(strip $(RUN_$(CONFIG)) $(BUILD)/unit --jobs $(UNIT_JOBS) $(UNIT))

sim: build/tutti-sim ## SEEDS=1..20 of three simulated nodes, SIM='--until 60s' and more
	build/tutti-sim --seeds $(SEEDS) --jobs 2 --quiet $(SIM)
.PHONY: sim build/tutti-sim

golden: $(BUILD)/unit ## write anew what the transcripts of tests say; read the difference
	GOLDEN=1 $(strip $(RUN_$(CONFIG)) $(BUILD)/unit --filter '*transcript/*')
.PHONY: golden

reference: all plugins ## JOBS=3000 random jobs against a plain reference, from SEED=time
	test/cli/reference.py --quiet --jobs $(JOBS) --seed $(SEED)
.PHONY: reference

test: ## every test, as script/test does, but installs nothing
	@script/test --no-install

cluster: all plugins $(BUILD)/tutti-sim ## three real nodes under faults for CLUSTER_SECONDS=240 seconds, as every night
	CLUSTER_SECONDS=$(CLUSTER_SECONDS) SCRIPT_SECONDS_MAX=7200 TUTTI=$(BUILD)/tutti \
	    test/cli/run test/cluster/*.sh
.PHONY: cluster

clients: all ## clients of Redis and of Redis Cluster against one node and three
	TUTTI=$(BUILD)/tutti test/cli/run test/clients/*.sh test/redis/clients.sh
.PHONY: clients

soak: unit-build ## the fault tests on inputs of gigabytes and with many more kills: an hour
	TUTTI_LONG=1 SCRIPT_SECONDS_MAX=7200 TUTTI=$(BUILD)/tutti test/cli/run test/fault/*.sh

fuzz: ## each test/fuzz/*_fuzz.c for SECONDS_EACH=10 seconds, with clang; FUZZ_SEED=1 tries the same again
	+$(Q)$(MAKE) --no-print-directory CONFIG=fuzz CC=clang BUILD=build/fuzz fuzz-run

# What reads bytes is below cli/ and node/.
FUZZ_OBJECTS  := $(filter-out $(BUILD)/src/cli/% $(BUILD)/src/node/%,$(OBJECTS))
FUZZ_BINARIES := $(FUZZERS:test/fuzz/%.c=$(BUILD)/%)
$(FUZZ_BINARIES): $(BUILD)/%_fuzz: $(BUILD)/test/fuzz/%_fuzz.o $(FUZZ_OBJECTS) $(BUILD)/flags
	$(call say,link,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_OBJECTS) $(LIBS)

fuzz-run: $(FUZZ_BINARIES)
	@FUZZ_SEED=$(FUZZ_SEED) tools/fuzz $(SECONDS_EACH) $(FUZZ_BINARIES)

bench: all ## compare with the peers; see bench/
	bench/run

# --- what keeps the tree in shape --------------------------------------------------------------

lint: cppcheck clang-tidy ## cppcheck, which is one process and therefore first, and clang-tidy

# The analyzer may visit so many states in one function. Its own limit is 225,000: four times the
# time, for the last paths of the largest functions.
ANALYZER := -Xclang -analyzer-config -Xclang max-nodes=$(ANALYZER_NODES)

clang-tidy: $(SOURCES:%.c=$(BUILD)/%.tidy)
$(BUILD)/%.tidy: %.c .clang-tidy $(BUILD)/%.o
	$(call say,tidy,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) -std=gnu17 $(ANALYZER) > $@.log \
	    2>&1 || { grep -v 'warnings generated' $@.log; exit 1; }
	@touch $@

cppcheck:
	$(call say,check,src)
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance --inline-suppr \
	    --suppress=uninitvar --error-exitcode=1 -D_GNU_SOURCE -Isrc -Iinclude src

CLANG_FORMAT := $(firstword $(shell command -v clang-format-14 clang-format) clang-format-14)
format: ## put every C file into shape, with clang-format 14
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)
format-check:
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(C_FILES)

layers: ## check every include against LAYERS
	$(Q)tools/check_layers

$(BUILD)/libcore.a: $(filter $(BUILD)/src/core/%,$(OBJECTS))
$(BUILD)/libbase.a: $(filter $(BUILD)/src/base/%,$(OBJECTS))
$(BUILD)/lib%.a:
	$(Q)rm -f $@ && $(AR) rcs $@ $^

purity: $(BUILD)/libcore.a $(BUILD)/libbase.a ## check that core/ knows no world
	$(Q)tools/check_purity $^

tidy: $(OBJECTS) $(SIM_OBJECTS) $(TEST_OBJECTS) ## check lengths, dead files, banned words, state, threads
	$(Q)tools/tidy --objects $(BUILD)

# --- out into the world ------------------------------------------------------------------------

prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
datadir ?= $(prefix)/share

install: all ## into $(DESTDIR)$(prefix): program, man page, completion, public header
	install -Dm755 $(BUILD)/tutti $(DESTDIR)$(bindir)/tutti
	install -Dm644 docs/tutti.1 $(DESTDIR)$(datadir)/man/man1/tutti.1
	install -Dm644 completions/tutti.bash $(DESTDIR)$(datadir)/bash-completion/completions/tutti
	install -Dm644 include/tutti_job.h $(DESTDIR)$(prefix)/include/tutti_job.h

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z \/]*:.*## /{printf "  make %-16s %s\n", $$1, $$2}' Makefile

clean: ## remove build/
	rm -rf build

-include $(OBJECTS:.o=.d) $(SIM_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(PLUGINS:.so=.d)
-include $(FUZZERS:%.c=$(BUILD)/%.d) $(PROGRAMS:=_program.d)
