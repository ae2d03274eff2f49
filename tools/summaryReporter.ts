import type { Reporter, TestModule } from 'vitest/node';

/** Ends a test run with every skip's reason and one line: `N passed, N failed, N skipped`; a skip without a reason fails. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: string[] = [];
    for (const module of modules) {
      // A file or hook that fails outside its tests counts as one failure.
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        else if (result.state === 'failed') failed++;
        else {
          const reason = noteOf(result);
          if (!reason) failed++;
          skipped.push(`${test.fullName}: ${reason ?? 'no reason given, which counts as a failure'}`);
        }
      }
    }
    for (const line of skipped) console.log(`skipped: ${line}`);
    if (failed > 0) process.exitCode = 1;
    console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}

function noteOf(result: object): string | undefined {
  return 'note' in result && typeof result.note === 'string' ? result.note : undefined;
}
