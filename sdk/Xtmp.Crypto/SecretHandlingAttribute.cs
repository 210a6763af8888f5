namespace Xtmp.Crypto;

/// <summary>
/// Marks a type or method whose inputs may be secret. Such code has no branch, memory index or division that depends
/// on them; the tests read the just-in-time compiler's disassembly of every method so marked and refuse a division.
/// Methods of a marked type are marked, unless they carry <see cref="PublicDataAttribute"/>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method)]
internal sealed class SecretHandlingAttribute : Attribute;
