#!/bin/sh
# Search the settings of the deep baselines, then compare with what was chosen, on JOBS cores within some ten minutes.
#
#   OUT=<folder of the results> [JOBS=10] [SEARCH_MINUTES=4] [COMPARE_MINUTES=3.3] [PYTHON=python] sh benchmarks/deep/run.sh
#
# Every part has its time, writes each finished fit at once, and does not need the parts before it to be complete. Run
# again with the same OUT, it goes on where it stopped; with COMPARE_MINUTES alone it leaves the search as it is.
set -u
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-python} JOBS=${JOBS:-10} SEARCH_MINUTES=${SEARCH_MINUTES:-4} COMPARE_MINUTES=${COMPARE_MINUTES:-3.3}
CORN=$((JOBS * 6 / 10)) TABLETS=$((JOBS - JOBS * 6 / 10))
NUMBERS=${NUMBERS:-10 50 5 20 30 15}
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
KEPT=${KEPT:-$(mktemp -d)}
mkdir -p "$OUT"

search() { # data set, workers, minutes
    timeout -k 5 "$(awk "BEGIN { print int(60 * $3) + 75 }")" "$PYTHON" -m benchmarks.deep --datasets "$1" --n-jobs "$2" \
        --minutes "$3" --device cpu --output "$OUT/deep" --source-networks "$KEPT/search" --quiet
}

compare() { # data set, workers
    timeout -k 5 "$(awk "BEGIN { print int(60 * $COMPARE_MINUTES) + 75 }")" "$PYTHON" -m benchmarks.accuracy \
        --datasets "$1" --n-jobs "$2" --minutes "$COMPARE_MINUTES" --output "$OUT/accuracy" --no-report --quiet \
        --methods native-CNN LoRACT CNNTransfer TransformerTransfer --standards $NUMBERS \
        --source-networks "$KEPT/compare"
}

if [ "$SEARCH_MINUTES" != 0 ]; then
    search corn "$CORN" "$SEARCH_MINUTES" &
    search tablets "$TABLETS" "$SEARCH_MINUTES" &
    wait
fi
# once more without time for a fit: both write the one file of what is chosen, and may have been stopped before
for dataset in corn tablets; do search "$dataset" 1 0; done
mkdir -p benchmarks/deep/results
cp "$OUT/deep/chosen.json" benchmarks/deep/results/ || exit 1
compare corn "$CORN" &
compare tablets "$TABLETS" &
wait
