"""For the tests of others: the emulator as a pytest fixture.

plugin     the fixture `filesync_emulator`
"""
