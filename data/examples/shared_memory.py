#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Share memory with faultline: shared_memory.py read|write|create|mmap NAME [TEXT]

    faultline shm create example --size=64K
    ./shared_memory.py write example "from Python"
    faultline shm read example --size=11

    ./shared_memory.py create other "made by Python"
    faultline shm read other --size=14
    faultline shm rm other
"""
import mmap
import os
import sys
from multiprocessing import resource_tracker, shared_memory

SIZE = 65536


def attach(name):
    """Attach a segment that somebody else owns.

    Python before 3.13 registers a segment with its resource tracker also when it only attaches it,
    and the tracker removes it when the program ends, under the feet of everybody else. 3.13 can be
    told not to; before, the registration has to be taken back.
    """
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    shm = shared_memory.SharedMemory(name)
    resource_tracker.unregister(shm._name, "shared_memory")
    return shm


def create(name, text):
    """Make a segment that outlives this program: the same trap, from the other side."""
    if sys.version_info >= (3, 13):
        shm = shared_memory.SharedMemory(name, create=True, size=SIZE, track=False)
    else:
        shm = shared_memory.SharedMemory(name, create=True, size=SIZE)
        resource_tracker.unregister(shm._name, "shared_memory")
    shm.buf[: len(text)] = text
    shm.close()


def main(verb, name, text=""):
    data = text.encode()
    if verb == "create":
        create(name, data)
    elif verb == "write":
        shm = attach(name)
        shm.buf[: len(data)] = data
        shm.close()
    elif verb == "read":
        shm = attach(name)
        sys.stdout.write(bytes(shm.buf[:SIZE]).split(b"\0")[0].decode())
        shm.close()
    elif verb == "mmap":
        # A POSIX segment is a file: no module is needed, and nothing is tracked.
        fd = os.open("/dev/shm/" + name, os.O_RDWR | os.O_NOFOLLOW)
        with mmap.mmap(fd, 0) as view:
            view[: len(data)] = data
        os.close(fd)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:4])
