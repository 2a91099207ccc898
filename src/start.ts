import { keepCompiledCode } from "./compile-cache.ts";
import { keepHeapsSmall } from "./heaps.ts";

/** `npm start`: the server, as fast as it can. What main.ts imports statically would be compiled before its first line runs. */

keepCompiledCode();
keepHeapsSmall();
await import("./main.ts");
