"""Showing: stands on core alone.

plan_text        a plan for a terminal
plan_stores      vector stores of a plan, in words and as lines
plan_grouped     a plan's changes for a terminal, by reason and folder
by_folder        names by folder for a terminal, or how many they are
plan_counts      how many changes of each kind, for a question
plan_several     several plans in one report
plan_markdown    a plan for a pull request
plan_rows        a plan's changes as rows of text, for tables
plan_html        a plan as one page
plan_html_tables  the page's tables
plan_html_style  the page's style
plan_html_script  the page's script: its search box
json             the JSON documents that other programs read
tables           status and listings
stores           tables of vector stores
passages         what a search answers
columns          texts fitted to the columns of a terminal
totals           what the platform stores, in total and by purpose
drift            what `drift` shows
reasons          why a plan changes something, in words
tally            how far an apply is
countdown        the seconds until requests are sent again
progress         what is shown while an apply runs
stderr           what is said meanwhile, from any thread, and how much was read so far
ids              `ids --format`
applied_markdown  what an apply did, for the summary of a job
github           outputs of a GitHub step
findings         what is wrong with content, as JSON and as GitHub annotations
inspection       what a JSONL file holds
sarif            the same as SARIF
from_remote      what `init --from-remote` reports
"""
