/* terminal.c -- see terminal.h. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/terminal.h"

bool terminal_is(int fd)
{
    return isatty(fd) == 1;
}

uint32_t terminal_width(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return TERMINAL_WIDTH_DEFAULT;
    return size.ws_col;
}

uint32_t terminal_height(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return TERMINAL_HEIGHT_DEFAULT;
    return size.ws_row;
}
