"""Looking inside: what a network computed for each picture, gate by gate, and what it answers when a gate is changed.

There are three ways to a gate. SE blocks of known classes are read by hooks on their layers (``hooks``). In other networks the
first forward is watched, and gates are found by what they compute and proved (``tracking``, ``finding``). Later forwards read
them where they were found (``reading``). ``recording`` chooses among these.
"""
