// Rank correlation.

/** Rank correlation of pairs. */
export function spearman(pairs) {
  const ranks = [0, 1].map((side) => {
    const order = pairs.map((each, n) => [each[side], n]).sort((a, b) => a[0] - b[0]);
    const out = [];
    for (let n = 0; n < order.length;) {
      let m = n;
      while (m < order.length && order[m][0] === order[n][0]) m += 1;
      for (let k = n; k < m; k += 1) out[order[k][1]] = (n + m - 1) / 2;
      n = m;
    }
    return out;
  });
  const mean = (pairs.length - 1) / 2;
  const sum = (f) => pairs.reduce((total, _, n) => total + f(n), 0);
  return (
    sum((n) => (ranks[0][n] - mean) * (ranks[1][n] - mean)) /
    Math.sqrt(sum((n) => (ranks[0][n] - mean) ** 2) * sum((n) => (ranks[1][n] - mean) ** 2))
  );
}
