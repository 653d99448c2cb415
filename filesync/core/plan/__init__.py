"""A plan as data.

plan       decisions, counts, refusals
document   the plan's JSON: written, and read back from a plan file
origin     where a plan was made: manifest, branch, commit, run
groups     its parts that can be applied or left, each by itself
stores     vector stores in that JSON
several    plans of several manifests or environments
stale      a saved plan compared with a fresh one
forecast   what will have expired at a given time
storage    what the uploads add to what is stored, and when they expire
"""
