// Finds a number whose SHA-256 after the challenge begins with enough zero bits. Our own SHA-256 (FIPS 180-4):
// crypto.subtle is asynchronous, so slower on texts this short, and absent without TLS.
const form = document.getElementById("pow");
const { challenge, bits } = form.dataset;
const fraction = (x) => ((x % 1) * 2 ** 32) | 0;
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
const K = primes.map((p) => fraction(Math.cbrt(p)));
const START = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
const turn = (x, n) => (x >>> n) | (x << (32 - n));

const firstWord = (text) => {
  const size = ((text.length + 8) >> 6) + 1;
  const words = new Int32Array(size * 16);
  for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
  words[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
  words[size * 16 - 1] = text.length * 8;
  const state = START.slice();
  const w = new Int32Array(64);
  for (let block = 0; block < words.length; block += 16) {
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      if (i < 16) w[i] = words[block + i];
      else {
        const x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
      }
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i] + value) | 0));
  }
  return state[0] >>> 0;
};

// In short stretches, so that the page stays alive.
let answer = 0;
const search = () => {
  for (const end = answer + 2000; answer < end; answer++) {
    if (firstWord(`${challenge}:${answer}`) >>> (32 - bits) === 0) {
      form.elements.pow_answer.value = answer;
      form.requestSubmit();
      return;
    }
  }
  setTimeout(search);
};
search();
