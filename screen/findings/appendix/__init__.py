"""The appendix table: findings as journals print them, in Word, HTML and Markdown."""
