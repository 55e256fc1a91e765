/** Lower triangle of a positive definite matrix, row by row; null when it is singular. Small matrices only: no blocking, no pivots. */
export function cholesky(m: readonly Float64Array[]): Float64Array[] | null {
  const n = m.length;
  const lower = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = m[i][j];
      for (let k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k];
      if (i !== j) lower[i][j] = sum / lower[j][j];
      else if (sum > 1e-13 * m[i][i]) lower[i][i] = Math.sqrt(sum);
      else return null;
    }
  }
  return lower;
}

/** x of L Lᵀ x = b. */
export function solve(lower: readonly Float64Array[], b: Float64Array): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i][k] * x[k];
    x[i] /= lower[i][i];
  }
  return backward(lower, x);
}

/** Columns c of which the inverse of L Lᵀ is the sum of c cᵀ: independent directions of one standard deviation each. */
export function inverseRoots(lower: readonly Float64Array[]): Float64Array[] {
  return lower.map((_, i) => {
    const unit = new Float64Array(lower.length);
    unit[i] = 1;
    return backward(lower, unit);
  });
}

/** x of Lᵀ x = b, in place. */
function backward(lower: readonly Float64Array[], x: Float64Array): Float64Array {
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i] -= lower[k][i] * x[k];
    x[i] /= lower[i][i];
  }
  return x;
}
