/** What answers are made of. */

/** Of everything that Markdown can, something, and things that are wider than any window. */
export const EVERYTHING = `# First heading

## Second heading

A paragraph with **bold**, *italic*, ~~gone~~, \`code\`, a [link](https://example.org/a/very/long/path?with=a&query=string) and https://example.com/plain.

> A quotation
>
> > within a quotation

1. one
   - nested
   - [x] done
   - [ ] open
2. two

| Name | Quite a long heading | Another long heading | And one more heading | The last of the headings |
|:-----|:--------------------:|---------------------:|----------------------|--------------------------|
| a | ${"wide ".repeat(12)} | 1 | x | y |
| b | c | 2 | ${"W".repeat(60)} | z |

\`\`\`python
def palindrome(word: str) -> bool:  # ${"a comment that goes on and on ".repeat(6)}
    return word == word[::-1]
\`\`\`

\`\`\`
no language
\`\`\`

Mathematics: $a^2 + b^2 = c^2$, and

$$\\int_0^1 x^{2}\\,dx + ${"\\frac{1}{2} + ".repeat(30)} 1 = ?$$

![A picture](https://example.org/picture.png)

A footnote.[^1] An emoji: 🌈. A very long word: ${"x".repeat(200)}

[^1]: What the footnote says.

---

مرحبا بالعالم. The end.
`;
