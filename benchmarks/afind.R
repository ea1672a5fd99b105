# The published search in R, to be timed against ours: stringdist::afind on the same texts.
#
#   Rscript afind.R TARGETS TEXTS ANSWERS
#
# TARGETS has one phrase a line, TEXTS one paper a line. Writes location, distance and match of every
# paper and phrase to ANSWERS (tab-separated), and prints the seconds that the search took.

library(stringdist)

files <- commandArgs(trailingOnly = TRUE)
targets <- readLines(files[1], encoding = "UTF-8")
texts <- readLines(files[2], encoding = "UTF-8")

# stringdist takes a window for each pattern, and then warns that it has several.
took <- system.time(found <- suppressWarnings(afind(
  texts, targets, window = nchar(targets), method = "running_cosine", nthread = 1
)))

answers <- data.frame(
  location = as.vector(found$location),
  distance = sprintf("%.17g", as.vector(found$distance)),
  match = as.vector(found$match)
)
write.table(
  answers, files[3], sep = "\t", quote = FALSE, row.names = FALSE, fileEncoding = "UTF-8"
)
cat(took[["elapsed"]], "\n")
