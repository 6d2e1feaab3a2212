"""Rules of a workspace: when (events), if (conditions), then (steps). `matching` writes down which rules answer a line of the
timeline, `running` does what they say, `editing` is what admins do with them, `trying` tells what would have happened."""
