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

search <- function(texts, targets) {
  # stringdist takes a window for each pattern, and then warns that it has several.
  suppressWarnings(afind(
    texts, targets, window = nchar(targets), method = "running_cosine", nthread = 1
  ))
}

# After a text that is no longer than a window stringdist 0.9.10 gives wrong answers for all that
# follow in the same call, so such texts are asked about one phrase at a time.
short <- which(nchar(texts) <= max(nchar(targets)))
long <- setdiff(seq_along(texts), short)
shape <- c(length(texts), length(targets))
location <- array(0L, shape)
distance <- array(0, shape)
match <- array("", shape)

took <- system.time({
  if (length(long)) {
    found <- search(texts[long], targets)
    location[long, ] <- found$location
    distance[long, ] <- found$distance
    match[long, ] <- found$match
  }
  for (text in short) for (target in seq_along(targets)) {
    found <- search(texts[text], targets[target])
    location[text, target] <- found$location
    distance[text, target] <- found$distance
    match[text, target] <- found$match
  }
})

answers <- data.frame(
  location = as.vector(location),
  distance = sprintf("%.17g", as.vector(distance)),
  match = as.vector(match)
)
write.table(
  answers, files[3], sep = "\t", quote = FALSE, row.names = FALSE, fileEncoding = "UTF-8"
)
cat(took[["elapsed"]], "\n")
