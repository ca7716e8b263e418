# tutti. `make` leaves build/tutti; `make help` lists the rest.
#
# One makefile for the whole tree. A configuration (release, debug, asan, tsan) is a folder under
# build/, so that they live side by side.

CONFIG ?= release
CC     ?= gcc
BUILD  := build/$(CONFIG)

WARN   := -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wstrict-prototypes -Wvla -Werror
FLAGS  := -std=gnu17 -D_GNU_SOURCE -Isrc -Iinclude -I. $(WARN) -g -fno-omit-frame-pointer -pthread
FLAGS_release := -O3
FLAGS_debug   := -O0
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan    := -O1 -fsanitize=thread
CFLAGS += $(FLAGS) $(FLAGS_$(CONFIG))
LIBS   := -lz -lzstd -llz4 -llzma -lbz2 -lpcre2-8 -lxxhash -ldl -lm

SOURCES := $(shell find src -name '*.c')
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
TESTS   := $(shell find test -name '*_test.c')
FIXTURES := $(shell find test -name '*_fixture.c')
MAIN    := $(BUILD)/src/cli/main.o
# Everything but main: a test takes from it what it calls.
ARCHIVE := $(BUILD)/libtutti.a
# What tests of plug-ins load and start.
PLUGINS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard test/fixtures/*_plugin.c))
PROGRAMS := $(patsubst %_program.c,$(BUILD)/%,$(wildcard test/fixtures/*_program.c))

.PHONY: all debug asan tsan unit clean
all: build/tutti

build/tutti: $(BUILD)/tutti
	@ln -sf $(CONFIG)/tutti $@

$(ARCHIVE): $(filter-out $(MAIN),$(OBJECTS))
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/%_plugin.so: %_plugin.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -shared -fPIC -MMD -MP -o $@ $<

$(BUILD)/test/fixtures/%: $(BUILD)/test/fixtures/%_program.o $(ARCHIVE)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tutti: $(MAIN) $(ARCHIVE)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit: $(TESTS:%.c=$(BUILD)/%.o) $(FIXTURES:%.c=$(BUILD)/%.o) $(ARCHIVE) | $(PLUGINS) $(PROGRAMS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

unit: $(BUILD)/unit
	$(BUILD)/unit

debug asan tsan:
	$(MAKE) CONFIG=$@ build/$@/tutti

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(TESTS:%.c=$(BUILD)/%.d)
