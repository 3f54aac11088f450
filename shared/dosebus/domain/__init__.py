"""The dose record as frozen models: what DoseBus knows of a study, key for key as RECORD documents it."""
