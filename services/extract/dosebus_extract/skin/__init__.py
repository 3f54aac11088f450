"""Where the beam met the skin and how much dose it left there: a pure model of fluoroscopy skin dose."""
