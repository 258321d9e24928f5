"""Writes sound files: a quiet tone as WAV, MP3 and Ogg Opus, each of a given length and with a title that says what it is.

Theory. A steady tone needs no encoder: a WAV repeats one wave, an MP3 repeats one frame in which a single line of the spectrum is set, and
an Ogg repeats one packet of Opus that depends on no other and holds whole waves, so that it joins with itself. Lengths are exact for WAV
and Ogg, and whole frames of 24 ms for MP3.

Source: ISO 11172-3 (MP3 frames), RFC 6716 and 7845 (Opus, Ogg Opus), RFC 3533 (Ogg).
"""

import math
import wave
from io import BytesIO
from struct import pack

WAV_RATE = 24_000
MP3_RATE = 48_000
MP3_FRAME_SAMPLES = 1152
# 144 times 32 kbit/s, by 48 kHz.
MP3_FRAME_BYTES = 96
OPUS_RATE = 48_000
OPUS_PACKET_SAMPLES = 960

# One wave of 400 Hz at `WAV_RATE`, at a tenth of what is loudest.
_WAVE_SAMPLES = 60
_AMPLITUDE = 3000
# What libopus 1.5 makes of each 20 ms of 400 Hz, without prediction, at 24 kbit/s: all its packets are equal.
_OPUS_TONE = bytes.fromhex(
    "f8685b3738eb91c4c197043f046032a8d7f0da6c77ca55911b62bfc6067a3f53b6d8b871f0f5681c1b58d5bfdfc8dc01e31a0cec4ec3f13db136e3d3"
)
# What the encoder's look-ahead puts before the sound, and players leave out. Source: RFC 7845, 4.2.
_OPUS_PRE_SKIP = 312
_OGG_SERIAL = 1
_PACKETS_A_PAGE = 50


def write_wav(seconds: float, title: str) -> bytes:
    """Returns mono PCM of 16 bits."""
    samples = max(1, round(seconds * WAV_RATE))
    tone = b"".join(pack("<h", round(_AMPLITUDE * math.sin(2 * math.pi * place / _WAVE_SAMPLES))) for place in range(_WAVE_SAMPLES))
    content = (tone * (samples // _WAVE_SAMPLES + 1))[: samples * 2]
    target = BytesIO()
    with wave.open(target, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(WAV_RATE)
        writer.writeframesraw(content)
    wav = target.getvalue()
    text = title.encode() + b"\0"
    text += b"\0" * (len(text) % 2)
    info = b"INFO" + b"INAM" + pack("<I", len(text)) + text
    return wav[:4] + pack("<I", len(wav) + len(info)) + wav[8:] + b"LIST" + pack("<I", len(info)) + info


def write_mp3(seconds: float, title: str) -> bytes:
    """Returns MPEG-1 Layer III, mono, 32 kbit/s, after an ID3 tag."""
    text = b"\x03" + title.encode()
    frame = b"TIT2" + _seven_bits(len(text)) + b"\0\0" + text
    return b"ID3\x04\0\0" + _seven_bits(len(frame)) + frame + _mp3_frame() * max(1, round(seconds * MP3_RATE / MP3_FRAME_SAMPLES))


def write_ogg(seconds: float, title: str) -> bytes:
    """Returns Opus in Ogg."""
    samples = max(1, round(seconds * OPUS_RATE)) + _OPUS_PRE_SKIP
    packets = -(-samples // OPUS_PACKET_SAMPLES)
    vendor, comment = b"runflow-mock", f"TITLE={title}".encode()
    head = b"OpusHead" + pack("<BBHIhB", 1, 1, _OPUS_PRE_SKIP, OPUS_RATE, 0, 0)
    tags = b"OpusTags" + pack("<I", len(vendor)) + vendor + pack("<II", 1, len(comment)) + comment
    pages = [_ogg_page([head], 0, 0, flags=2), _ogg_page([tags], 0, 1)]
    for first in range(0, packets, _PACKETS_A_PAGE):
        count = min(_PACKETS_A_PAGE, packets - first)
        is_last = first + count == packets
        # The place that the last page names is where the sound ends, within its last packet.
        place = samples if is_last else (first + count) * OPUS_PACKET_SAMPLES
        pages.append(_ogg_page([_OPUS_TONE] * count, place, len(pages), flags=4 if is_last else 0))
    return b"".join(pages)


def _seven_bits(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _mp3_frame() -> bytes:
    """Returns a frame that depends on no other: two equal granules with one line of the spectrum set."""
    # Five pairs of lines, the last of them (1, 0): with code table 1 that is four times 1, then 01 and a sign.
    lines, pairs, gain = "1111" + "010", 5, 192
    granule = f"{len(lines):012b}{pairs:09b}{gain:08b}" + "0000" + "0" + "00001" * 3 + "0000" + "000" + "000"
    side = "000000000" + "00000" + "0000" + granule * 2
    bits = side + lines * 2
    bits += "0" * (-len(bits) % 8)
    frame = b"\xff\xfb\x14\xc4" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return frame + bytes(MP3_FRAME_BYTES - len(frame))


def _ogg_page(packets: list[bytes], place: int, number: int, *, flags: int = 0) -> bytes:
    # Every packet here is shorter than the 255 bytes at which a length takes a second entry, but for a long title.
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,)) for packet in packets)
    head = pack("<4sBBqIIIB", b"OggS", 0, flags, place, _OGG_SERIAL, number, 0, len(lacing)) + lacing
    page = head + b"".join(packets)
    checksum = 0
    for byte in page:
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[checksum >> 24 ^ byte]
    return page[:22] + pack("<I", checksum) + page[26:]


def _ogg_entry(value: int) -> int:
    value <<= 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_OGG_TABLE = tuple(map(_ogg_entry, range(256)))
