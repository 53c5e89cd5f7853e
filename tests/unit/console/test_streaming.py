"""A stream goes on only as long as its viewer may see it."""

from collections.abc import AsyncIterator

from services.console.shared.streaming import LOOK_EVERY_S, while_admitted


async def test_a_stream_ends_when_its_viewer_is_admitted_no_more() -> None:
    clock, admitted, asked = [0.0], [True], 0

    async def frames() -> AsyncIterator[int]:
        for number in range(100):
            clock[0] = number * LOOK_EVERY_S / 3
            if number == 7:
                admitted[0] = False
            yield number

    async def ask() -> bool:
        nonlocal asked
        asked += 1
        return admitted[0]

    seen = [number async for number in while_admitted(frames(), ask, lambda: clock[0])]
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8]  # it is asked at 3, 6 and 9
    assert asked == 3
