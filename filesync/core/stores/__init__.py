"""Vector stores: what the manifest declares of them, and what is to happen to each. Pure.

model     the nouns: declared, locked and remote stores, and their members
change    the vocabulary: actions, reasons, changes of stores and of members
declared  manifest entries and file keys combined into the stores to have
table     the decision table for stores: one row, one reason
members   the decision table for the members of one store
observed  what is known of the stores when a plan is made
pipeline  the order of the decisions
guards    what apply refuses without a flag
explain   which attributes differ, in words (deepdiff)
"""
