using Xtmp.Benchmarks;

return await BenchProgram.RunAsync(args);
