#!/bin/sh
# A Slurm array: four tasks share the uploads, then one joins the pieces and deletes.
#   array=$(sbatch --parsable --array=1-4 slurm.sh)
#   sbatch --dependency=afterany:"$array" slurm.sh
#SBATCH --job-name=files
#SBATCH --cpus-per-task=2
#SBATCH --time=12:00:00
#SBATCH --requeue
set -eu
cd "${SLURM_SUBMIT_DIR:-.}"   # the checkout, on a file system that all nodes share
if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
  exec filesync apply --yes --shard "$SLURM_ARRAY_TASK_ID/4"
fi
exec filesync lock merge --yes
