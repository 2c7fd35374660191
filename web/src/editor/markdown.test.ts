import { describe, expect, it } from 'vitest'

import { render } from './markdown'
import { headingName } from './names'

function htmlOf(text: string): string {
  const box = document.createElement('div')
  box.append(render(text, { imageUrl: (source) => (/^[a-z]+:|^\/\//i.test(source) ? undefined : `/bytes/${source}`) }))
  return box.innerHTML
}

describe('what runs in a page is taken out of a note', () => {
  it.each([
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt&#58;alert(1)">x</a>', '<iframe src="https://evil.example"></iframe>', '<svg><script>alert(1)</script></svg>',
    '<svg onload=alert(1)>', '<object data="x"></object>', '<embed src="x">', '<form action="https://evil.example"><input name=a></form>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>', '<style>*{display:none}</style>', '<p style="position:fixed">x</p>',
    '<base href="https://evil.example/">', '<meta http-equiv="refresh" content="0;url=https://evil.example">', '<link rel=stylesheet href=x>',
    '<math><mtext><script>alert(1)</script></mtext></math>', '<input type=text autofocus onfocus=alert(1)>', '[x](vbscript:x)', '<template><script>1</script></template>',
    '![x](javascript:alert(1))', '[[x"onclick="alert(1)]]', '$<img src=x onerror=alert(1)>$', '```mermaid\n<img src=x onerror=alert(1)>\n```',
  ])('%s', (text) => {
    const box = document.createElement('div')
    box.append(render(text, { imageUrl: () => undefined }))
    expect(box.querySelector('script,iframe,object,embed,form,style,base,meta,link,svg,math,textarea')).toBeNull()
    for (const element of box.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$/)
        if (['href', 'src'].includes(name)) expect(value).not.toMatch(/^\s*(javascript|vbscript|data:text)/i)
      }
      if (element instanceof HTMLInputElement) expect(element.type).toBe('checkbox')
    }
  })

  it('loads nothing of other sites', () => {
    for (const text of ['![a](https://evil.example/p.png)', '<img src="//evil.example/p.png">', '<img srcset="https://evil.example/p.png 1x">', '<video src="https://evil.example/v.mp4">']) {
      expect(htmlOf(text)).not.toMatch(/<(img|video)[^>]*evil/)
    }
  })

  it('leaves no id but those of headings', () => {
    expect(htmlOf('<div id="app">x</div>\n\n# App')).toContain('<h1 id="app">')
    expect(htmlOf('<div id="app">x</div>')).not.toContain('id=')
  })
})

describe('what a note says is shown', () => {
  it.each([
    ['---\na: 1\n---\n# Hi', '<h1 id="hi">Hi</h1>'],
    ['![a](data/p.png)', 'src="/bytes/data/p.png"'],
    ['- [x] done', 'checked'],
    ['[[Plan|the plan]]', 'data-wiki="Plan"'],
    ['$x^2$ and 5$ and 6$', '<span class="formula">x^2</span> and 5$ and 6$'],
    ['$$\nx\n$$', 'formula display'],
    ['| a | b |\n|---|---|\n| 1 | 2 |', '<table>'],
    ['~~gone~~', '<s>gone</s>'],
    ['[a](https://example.org)', 'rel="noopener noreferrer"'],
    ['```mermaid\ngraph TD\n```', 'class="diagram"'],
  ])('%j', (text, part) => expect(htmlOf(text)).toContain(part))

  it('names headings', () => {
    expect(headingName('The Plan, v2: a *draft*')).toBe('the-plan-v2-a-draft')
    expect(htmlOf('# A\n\n# A')).toContain('id="a-1"')
  })
})
