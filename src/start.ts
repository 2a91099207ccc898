import { keepCompiledCode } from "./compile-cache.ts";

/** `npm start`: the server, as fast as it can. What main.ts imports statically would be compiled before its first line runs. */

keepCompiledCode();
await import("./main.ts");
