"""Slots of keys as Redis Cluster has them: CRC16 (XMODEM) of the key, of 16384."""

SLOTS = 16384


def crc16(text):
    value = 0
    for byte in text:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def slot_of(key):
    begin = key.find("{")
    end = key.find("}", begin + 1) if begin >= 0 else -1
    return crc16((key[begin + 1:end] if end > begin + 1 else key).encode()) % SLOTS


def key_of_each(shards):
    """A key for each of so many equal, contiguous parts of the slots, in their order."""
    keys, number = {}, 0
    while len(keys) < shards:
        key = f"s{number}"
        keys.setdefault(slot_of(key) * shards // SLOTS, key)
        number += 1
    return [keys[shard] for shard in range(shards)]
