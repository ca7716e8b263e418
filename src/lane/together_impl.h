/* together_impl.h -- what a lane does for together.c; see together.h. */
#pragma once

#include "lane/together.h"

struct together;

struct together *together_new(struct lane *lane); /* in the lane's arena */
void together_free(struct together *together);
