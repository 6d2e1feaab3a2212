"""How people write when they answer: rules in words for seven languages, sentences to learn from, and what was learnt."""
