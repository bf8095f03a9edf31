import Module from 'node:module';
import type { CoreApi } from './rpc.ts';

const CORE_MODULE = '@azure/functions-core';

/**
 * Makes `require('@azure/functions-core')` answer `api` in this process, for good. Wraps `Module.prototype.require`, as
 * the real worker does and nothing more: an app that reaches the module by `import` fails here as it would in Azure.
 * To be called before the library `@azure/functions` is loaded, which looks for the module once.
 */
export function supplyCoreModule(api: CoreApi): void {
  // oxlint-disable-next-line typescript/unbound-method -- the proxy hands on `this`
  Module.prototype.require = new Proxy(Module.prototype.require, {
    apply(target, self, args: [id: string]): unknown {
      return args[0] === CORE_MODULE ? api : Reflect.apply(target, self, args);
    },
  });
}
