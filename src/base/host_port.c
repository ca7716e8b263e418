/* host_port.c -- see host_port.h. */
#include "base/host_port.h"

#include "base/size.h"

enum { HOST_BYTES_MAX = 255 };

bool host_port_split(struct slice place, struct slice *host, uint16_t *port)
{
    uint64_t number;
    const uint8_t *colon = place.len == 0 ? NULL : memrchr(place.data, ':', place.len);
    if (colon == NULL) return false;
    *host = slice_of(place.data, (size_t)(colon - place.data));
    struct slice digits = slice_from(place, host->len + 1);
    bool brackets = host->len > 2 && host->data[0] == '[' && host->data[host->len - 1] == ']';
    if (brackets) *host = slice_of(host->data + 1, host->len - 2);
    bool plain = brackets || memchr(host->data, ':', host->len) == NULL;
    if (!plain || host->len == 0 || host->len > HOST_BYTES_MAX) return false;
    if (!count_parse(digits, &number) || number == 0 || number > UINT16_MAX) return false;
    *port = (uint16_t)number;
    return true;
}
