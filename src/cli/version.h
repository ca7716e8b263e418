/* version.h -- which tutti this is. */
#pragma once

#define TUTTI_VERSION "0.1.0"
